using System.Globalization;
using System.Text;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Logs;

/// <summary>
/// The kept output of one workload: a few files of bounded size, each named by the number of its first line. Lines count from 0 and are never renumbered.
/// <para>A line is <c>{unix ms} {stream} {source} {text}</c>; <c>source</c> says up to where the source of that stream was taken over (bytes of a raw file, nanoseconds of an engine's
/// time stamp). It stands in the same write as the line, so after a crash nothing is taken twice or skipped. A file's first line repeats the sources reached and how many lines came from exactly there.</para>
/// </summary>
internal sealed class LogBook
{
    private const string OwnerFile = "workload.txt";
    private const char StdOut = 'o';
    private const char StdErr = 'e';
    private const char Agent = 'a';
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly string _workloadId;
    private readonly LogOptions _options;
    private readonly List<long> _files = [];
    private long _next;
    private long _sourceOut;
    private long _sourceErr;
    private long _linesOut;
    private long _linesErr;
    private long _fileBytes;

    public LogBook(string folder, string workloadId, LogOptions options)
    {
        (_folder, _workloadId, _options) = (folder, workloadId, options);
        AgentPaths.MakePrivate(folder);
        if (OwnerOf(folder) != workloadId)
        {
            AgentPaths.WriteAtomically(Path.Combine(folder, OwnerFile), Utf8.GetBytes(workloadId));
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.log"))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var first))
            {
                _files.Add(first);
            }
        }

        _files.Sort();
        if (_files.Count > 0)
        {
            Recover(_files[^1]);
        }
    }

    /// <summary>Whose log a folder holds; null: it does not say.</summary>
    public static string? OwnerOf(string folder) => Path.Combine(folder, OwnerFile) is var file && File.Exists(file) ? File.ReadAllText(file) : null;

    /// <summary>Set at every new line.</summary>
    public AsyncSignal Appended { get; } = new();

    /// <summary>Number of the next line.</summary>
    public long Next
    {
        get
        {
            lock (_gate)
            {
                return _next;
            }
        }
    }

    /// <summary>Number of the oldest line kept.</summary>
    public long First
    {
        get
        {
            lock (_gate)
            {
                return _files.Count > 0 ? _files[0] : 0;
            }
        }
    }

    /// <summary>Up to where the source of a stream was taken over.</summary>
    public long Source(bool error)
    {
        lock (_gate)
        {
            return error ? _sourceErr : _sourceOut;
        }
    }

    /// <summary>How many lines of a stream were taken over from exactly there: an engine gives lines that were written at once one time stamp.</summary>
    public long LinesAtSource(bool error)
    {
        lock (_gate)
        {
            return error ? _linesErr : _linesOut;
        }
    }

    /// <summary>A line of the workload.</summary>
    public void Append(bool error, DateTimeOffset at, string text, long source) => Append([(error, at, text, source)]);

    /// <summary>Lines of the workload, in one write.</summary>
    public void Append(IReadOnlyList<(bool Error, DateTimeOffset At, string Text, long Source)> lines)
    {
        lock (_gate)
        {
            var (batch, before) = (new StringBuilder(), Marker());
            foreach (var (error, at, text, source) in lines)
            {
                Reached(error, source);
                Add(batch, error ? StdErr : StdOut, at, text, source);
            }

            Write(batch, before);
        }

        Appended.Set();
    }

    /// <summary>A word of the agent's own, stream <c>agent</c>.</summary>
    public void Note(DateTimeOffset at, string text)
    {
        lock (_gate)
        {
            var (batch, before) = (new StringBuilder(), Marker());
            Add(batch, Agent, at, text, 0);
            Write(batch, before);
        }

        Appended.Set();
    }

    /// <summary>Both sources begin anew (a new run).</summary>
    public void ResetSources()
    {
        lock (_gate)
        {
            var before = Marker();
            (_sourceOut, _sourceErr, _linesOut, _linesErr) = (0, 0, 0, 0);
            Write(new StringBuilder(Marker()), before);
        }
    }

    /// <summary>One source begins anew (its raw file was emptied).</summary>
    public void ResetSource(bool error)
    {
        lock (_gate)
        {
            var before = Marker();
            (_sourceOut, _linesOut, _sourceErr, _linesErr) = error ? (_sourceOut, _linesOut, 0L, 0L) : (0L, 0L, _sourceErr, _linesErr);
            Write(new StringBuilder(Marker()), before);
        }
    }

    /// <summary>Kept lines from a number on, at most <paramref name="max"/>.</summary>
    public IReadOnlyList<LogLine> Read(long from, int max)
    {
        lock (_gate)
        {
            var lines = new List<LogLine>();
            foreach (var (number, line) in Enumerate(from))
            {
                if (lines.Count == max)
                {
                    break;
                }

                lines.Add(Parse(number, line));
            }

            return lines;
        }
    }

    private IEnumerable<(long Number, string Line)> Enumerate(long from)
    {
        var start = _files.FindLastIndex(f => f <= from);
        for (var i = Math.Max(0, start); i < _files.Count; i++)
        {
            var number = _files[i];
            foreach (var line in File.ReadLines(FileOf(_files[i]), Utf8))
            {
                if (line.Length == 0 || line[0] == '#')
                {
                    continue;
                }

                if (number >= from)
                {
                    yield return (number, line);
                }

                number++;
            }
        }
    }

    private LogLine Parse(long number, string line)
    {
        var parts = line.Split(' ', 4);
        var at = parts.Length == 4 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : default;
        var stream = parts.Length == 4 && parts[1].Length == 1 ? parts[1][0] : Agent;
        return new LogLine(_workloadId, number, at, stream switch { StdOut => "stdout", StdErr => "stderr", _ => "agent" }, parts.Length == 4 ? parts[3] : line);
    }

    private void Add(StringBuilder batch, char stream, DateTimeOffset at, string text, long source)
    {
        batch.Append(CultureInfo.InvariantCulture, $"{at.ToUnixTimeMilliseconds()} {stream} {source} ");
        foreach (var c in text)
        {
            // One line stays one line, and no reader has to cope with a NUL.
            batch.Append(c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029' ? ' ' : c == '\0' ? '\uFFFD' : c);
        }

        batch.Append('\n');
        _next++;
    }

    private void Write(StringBuilder batch, string before)
    {
        if (_files.Count == 0 || _fileBytes >= _options.FileBytes)
        {
            Roll(batch, before);
        }

        var bytes = Utf8.GetBytes(batch.ToString());
        try
        {
            using var stream = new FileStream(FileOf(_files[^1]), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
            stream.Write(bytes);
            _fileBytes += bytes.Length;
        }
        catch (IOException)
        {
            // Disk full: what is on disk counts, the rest is taken again later.
            Recover(_files[^1]);
            throw;
        }
    }

    private string Marker() => string.Create(CultureInfo.InvariantCulture, $"#{_sourceOut} {_sourceErr} {_linesOut} {_linesErr}\n");

    private void Reached(bool error, long source)
    {
        if (error)
        {
            (_linesErr, _sourceErr) = (source == _sourceErr ? _linesErr + 1 : 1, source);
        }
        else
        {
            (_linesOut, _sourceOut) = (source == _sourceOut ? _linesOut + 1 : 1, source);
        }
    }

    /// <param name="before">The sources reached before the lines of the batch.</param>
    private void Roll(StringBuilder batch, string before)
    {
        var lines = 0;
        for (var i = 0; i < batch.Length; i++)
        {
            lines += batch[i] == '\n' ? 1 : 0;
        }

        var marker = batch.Length > 0 && batch[0] == '#';
        _files.Add(_next - (marker ? 0 : lines));
        batch.Insert(0, before);
        _fileBytes = 0;
        while (_files.Count > _options.Files)
        {
            File.Delete(FileOf(_files[0]));
            _files.RemoveAt(0);
        }
    }

    private void Recover(long first)
    {
        (_next, _linesOut, _linesErr) = (first, 0, 0);
        var path = FileOf(first);
        if (!File.Exists(path))
        {
            return;
        }

        CutTornLine(path);
        _fileBytes = new FileInfo(path).Length;
        foreach (var line in File.ReadLines(path, Utf8))
        {
            if (line.Length > 0 && line[0] == '#')
            {
                var sources = line[1..].Split(' ');
                if (sources.Length >= 2 && long.TryParse(sources[0], CultureInfo.InvariantCulture, out var o) && long.TryParse(sources[1], CultureInfo.InvariantCulture, out var e))
                {
                    (_sourceOut, _sourceErr) = (o, e);
                    // Files of older versions do not say how many.
                    (_linesOut, _linesErr) = sources.Length == 4 && long.TryParse(sources[2], CultureInfo.InvariantCulture, out var lo) && long.TryParse(sources[3], CultureInfo.InvariantCulture, out var le) ? (lo, le) : (o > 0 ? 1 : 0, e > 0 ? 1 : 0);
                }

                continue;
            }

            _next++;
            var parts = line.Split(' ', 4);
            if (parts.Length == 4 && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var source))
            {
                if (parts[1][0] is StdOut or StdErr)
                {
                    Reached(parts[1][0] == StdErr, source);
                }
            }
        }
    }

    /// <summary>A crash of the machine can leave half a line at the end; it was not taken over and will be again.</summary>
    private static void CutTornLine(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        var end = stream.Length;
        while (end > 0)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n')
            {
                break;
            }

            end--;
        }

        stream.SetLength(end);
    }

    private string FileOf(long first) => Path.Combine(_folder, first.ToString("D20", CultureInfo.InvariantCulture) + ".log");
}
