using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace DepinGrains.Benchmarks;

/// <summary>What the machine did meanwhile: the share of its CPU time that neither we, our children nor the given server used.</summary>
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
        $"{DateTime.UtcNow:u} {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, GC {(System.Runtime.GCSettings.IsServerGC ? "server" : "workstation")}, runtime {Runtime}";

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
        machine._ours = Own();
        machine._server = machine.Server();
        return machine;
    }

    /// <summary>Shares of all CPU time since the start: others', ours with our children, the server's.</summary>
    public CpuShares Stop()
    {
        var (total, idle) = Total();
        var span = Math.Max(1, total - _total);
        var (ours, server) = (Own() - _ours, Server() - _server);
        var others = Math.Max(0, span - (idle - _idle) - ours - server);
        return new CpuShares((double)others / span, (double)ours / span, (double)server / span, span / Hertz);
    }

    private static (long Total, long Idle) Total()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(Parse).ToArray();
        return (fields[..8].Sum(), fields[3] + fields[4]);
    }

    private static long Own() => Stat("/proc/self/stat") is { } stat ? stat[11..15].Sum() : 0;

    private long Server()
    {
        if (_serverPid == 0)
        {
            return 0;
        }

        var sum = Stat($"/proc/{_serverPid}/stat")?[11..15].Sum() ?? 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _) && Stat(folder + "/stat") is { } stat && stat[1] == _serverPid)
            {
                sum += stat[11] + stat[12];
            }
        }

        return sum;
    }

    // Fields after the command name, which may hold anything: index 0 is the state.
    private static long[]? Stat(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Parse(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;
}

/// <summary>Who used the CPU, as shares of all of it.</summary>
internal sealed record CpuShares(double Foreign, double Ours, double Server, double CpuSeconds)
{
    /// <summary>Figures count only when other work took at most 8 %.</summary>
    public bool IsClean => Foreign <= 0.08;

    public override string ToString() => $"cpu: foreign {Foreign:P0}{(IsClean ? "" : " NOT CLEAN")}, ours {Ours:P0}, server {Server:P0}";
}
