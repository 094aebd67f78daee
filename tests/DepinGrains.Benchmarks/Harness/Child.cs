using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>A process of ours that lives as long as this object. Killed with its children at the end.</summary>
internal sealed class Child : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _errors = [];

    private Child(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    /// <summary>Resident memory, bytes.</summary>
    public long ResidentBytes => File.ReadLines($"/proc/{Pid}/status").Where(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(static line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).First();

    public static Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new Child(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start"));
    }

    /// <summary>A loader of this program: it prepares, says <c>ready</c>, and starts at <see cref="GoAsync"/>.</summary>
    public static async Task<Child> LoaderAsync(string kind, object spec, string? program = null)
    {
        var child = Start(program ?? Programs.Of("tests/DepinGrains.Benchmarks"), ["child", kind]);
        await child._process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(spec));
        await child._process.StandardInput.FlushAsync();
        var ready = await child.LineAsync(TimeSpan.FromMinutes(5));
        return ready == "ready" ? child : throw new InvalidOperationException($"loader {kind}: {ready}");
    }

    /// <summary>Starts a prepared loader and answers what it measured.</summary>
    public async Task<T> GoAsync<T>()
    {
        await _process.StandardInput.WriteLineAsync("go");
        await _process.StandardInput.FlushAsync();
        return JsonSerializer.Deserialize<T>(await LineAsync(TimeSpan.FromMinutes(15))) ?? throw new InvalidOperationException("the loader answered nothing");
    }

    /// <summary>The next line of stdout.</summary>
    public async Task<string> LineAsync(TimeSpan limit) =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(limit) ?? throw new InvalidOperationException($"{_process.StartInfo.FileName} ended: {Errors()}");

    /// <summary>Reads on so that the process never waits for a full pipe.</summary>
    public void Drain() => _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private string Errors()
    {
        lock (_errors)
        {
            return string.Join(" | ", _errors);
        }
    }

    private void Keep(string? line)
    {
        lock (_errors)
        {
            if (line is not null && _errors.Count < 50)
            {
                _errors.Add(line);
            }
        }
    }
}
