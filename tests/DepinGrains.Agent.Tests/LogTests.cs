using System.Text;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads.Containers;

namespace DepinGrains.Agent.Tests;

public sealed class LogTests : IDisposable
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-log-").FullName;
    private readonly LogOptions _options = new() { FileBytes = 4_096, Files = 3, LineBytes = 64 };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Log_stays_within_its_files_and_keeps_its_numbers_over_restarts()
    {
        var book = Book();
        for (var i = 0; i < 2_000; i++)
        {
            book.Append(i % 2 == 1, Now, "line " + i, i + 1);
        }

        Assert.True(Directory.GetFiles(Path.Combine(_folder, "log")).Sum(f => new FileInfo(f).Length) < 3 * (4_096 + 200));
        var again = Book();
        Assert.Equal((2_000, 1_999, 2_000), (again.Next, again.Source(false), again.Source(true)));
        var first = again.First;
        Assert.InRange(first, 1, 1_999);
        Assert.Equal("line " + first, again.Read(0, 1)[0].Text);
        Assert.Equal(("line 1999", "stderr", 1_999L), (again.Read(1_999, 10)[0].Text, again.Read(1_999, 10)[0].Stream, again.Read(1_999, 10)[0].Offset));
    }

    [Fact]
    public void Line_cut_by_a_crash_is_taken_again_and_only_once()
    {
        var raw = Path.Combine(_folder, "raw");
        File.WriteAllText(raw, "one\ntwo\nthr");
        var book = Book();
        new RawLogReader(raw, false, book, _options).Take(Now, last: false);
        var file = Directory.GetFiles(Path.Combine(_folder, "log"))[0];
        var bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..^3]);

        var again = Book();
        File.AppendAllText(raw, "ee\nlast");
        new RawLogReader(raw, false, again, _options).Take(Now, last: true);
        Assert.Equal(["one", "two", "three", "last"], again.Read(0, 10).Select(l => l.Text));
    }

    [Fact]
    public void Bytes_that_are_no_text_and_lines_without_end_do_no_harm()
    {
        var raw = Path.Combine(_folder, "raw");
        File.WriteAllBytes(raw, [.. Encoding.UTF8.GetBytes(new string('é', 100)), (byte)'\n', 0, 0xFF, (byte)'\r', (byte)'x', (byte)'\n']);
        var book = Book();
        new RawLogReader(raw, true, book, _options).Take(Now, last: false);
        var lines = book.Read(0, 100).Select(l => l.Text).ToList();
        Assert.Equal(new string('é', 100), string.Concat(lines[..^1]));
        Assert.Equal("\uFFFD\uFFFD x", lines[^1]);
    }

    [Fact]
    public void Lines_written_at_once_have_one_time_and_are_all_taken_once_over_restarts_and_full_files()
    {
        // As an engine keeps them: (time, text); three at once, one alone, the rest at once over more than a file.
        var engine = new List<(long Nanos, string Text)> { (10, "a"), (10, "b"), (10, "c"), (20, "d") };
        engine.AddRange(Enumerable.Range(0, 600).Select(static i => (30L, "line " + i)));
        engine.AddRange([(25, "after the clock stepped back"), (26, "and again")]);
        for (var until = 1; until <= engine.Count; until += until < 5 || until > 600 ? 1 : 5)
        {
            // Every taking over is by another process.
            var book = Book();
            var stream = new ResumedStream(book.Source(false), book.LinesAtSource(false));
            foreach (var (nanos, text) in engine.Take(until))
            {
                if (stream.IsNew(nanos))
                {
                    book.Append(false, Now, text, stream.Reached);
                }
            }

            Assert.Equal(until, book.Next);
        }

        var kept = Book();
        Assert.Equal(engine.Select(static l => l.Text).Skip((int)kept.First), kept.Read(kept.First, 1_000).Select(static l => l.Text));
        Assert.InRange(kept.First, 1, 600);
    }

    [Theory]
    [InlineData("2023-11-14T22:13:20.000000001Z", 1_700_000_000_000_000_001)]
    [InlineData("2023-11-14T23:13:20.5+01:00", 1_700_000_000_500_000_000)]
    [InlineData("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000)]
    public void Engines_times_are_read_to_the_nanosecond(string text, long nanos)
    {
        Assert.True(EngineTime.TryParse(text, out var parsed));
        Assert.Equal(nanos, parsed);
        Assert.False(EngineTime.TryParse("nonsense-and-more-of-it-T", out _));
    }

    private LogBook Book() => new(Path.Combine(_folder, "log"), "w", _options);
}
