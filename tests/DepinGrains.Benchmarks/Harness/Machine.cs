using System.Globalization;
using System.Runtime.InteropServices;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>What the machine did meanwhile: the share of its CPU time that neither our process tree nor the given server used.</summary>
internal sealed class Machine
{
    private readonly int _serverPid;
    private long _total;
    private long _idle;
    private long _ours;
    private long _server;

    private Machine(int serverPid) => _serverPid = serverPid;

    /// <summary>Ticks per second of /proc counters.</summary>
    private const double Hertz = 100;

    public static string Describe() =>
        $"{DateTime.UtcNow:u} {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {Runtime} runtime";

    public static string Runtime =>
#if ORLEANS_RUNTIME
        "Orleans";
#else
        "Local";
#endif

    /// <summary>Starts watching; <paramref name="serverPid"/> 0 = no server.</summary>
    public static Machine Watch(int serverPid = 0)
    {
        var machine = new Machine(serverPid);
        (machine._total, machine._idle) = Total();
        (machine._ours, machine._server) = machine.Trees();
        return machine;
    }

    /// <summary>Shares of all CPU time since the start.</summary>
    public CpuShares Stop()
    {
        var (total, idle) = Total();
        var (ours, server) = Trees();
        var span = Math.Max(1, total - _total);
        (ours, server, idle) = (ours - _ours, server - _server, idle - _idle);
        var others = Math.Max(0, span - idle - ours - server);
        return new CpuShares((double)others / span, (double)ours / span, (double)server / span, (double)idle / span, span / Hertz);
    }

    private static (long Total, long Idle) Total()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(Parse).ToArray();
        return (fields[..8].Sum(), fields[3] + fields[4]);
    }

    /// <summary>
    /// CPU of this process and the server with all their descendants. A process that ended and was waited for stands in its parent's children counters,
    /// so the sum only grows as long as parents wait for children.
    /// </summary>
    private (long Ours, long Server) Trees()
    {
        var all = new Dictionary<long, (long Parent, long Ticks)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (long.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && Stat(folder + "/stat") is { } stat)
            {
                all[pid] = (stat[1], stat[11..15].Sum());
            }
        }

        long ours = 0, server = 0;
        foreach (var (pid, (_, ticks)) in all)
        {
            for (var at = pid; all.TryGetValue(at, out var process); at = process.Parent)
            {
                if (at == _serverPid)
                {
                    server += ticks;
                    break;
                }

                if (at == Environment.ProcessId)
                {
                    ours += ticks;
                    break;
                }
            }
        }

        return (ours, server);
    }

    // Fields after the command name, which may hold anything: index 0 is the state.
    private static long[]? Stat(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long Parse(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;
}

/// <summary>Who used the CPU, as shares of all of it.</summary>
internal sealed record CpuShares(double Foreign, double Ours, double Server, double Idle, double CpuSeconds)
{
    /// <summary>Figures count only when other work took at most this share.</summary>
    public const double ForeignMax = 0.08;

    public bool IsClean => Foreign <= ForeignMax;

    public override string ToString() => $"cpu: foreign {Foreign:P0}{(IsClean ? "" : " NOT CLEAN")}, ours {Ours:P0}, server {Server:P0}, idle {Idle:P0}";
}
