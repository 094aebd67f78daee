using System.Globalization;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>
/// Control groups of native processes, v1 and v2, where this process may make them (root, normally). Where it may not, limits are watched by the agent instead.
/// </summary>
internal static class ControlGroups
{
    private const string Root = "/sys/fs/cgroup";
    private const long PeriodMicros = 100_000;

    /// <summary>Makes the groups and sets limits; returns the folders made (none: not possible here). 0 means no limit.</summary>
    public static List<string> Create(string key, long cpuMilli, long memoryBytes, int processes)
    {
        var groups = new List<string>();
        if (!OperatingSystem.IsLinux())
        {
            return groups;
        }

        if (File.Exists(Path.Combine(Root, "cgroup.controllers")))
        {
            CreateV2(groups, key, cpuMilli, memoryBytes, processes);
            return groups;
        }

        var quota = Math.Max(1_000, (long)((Int128)cpuMilli * PeriodMicros / 1_000));
        TryV1(groups, "memory", key, memoryBytes > 0, ("memory.limit_in_bytes", memoryBytes));
        TryV1(groups, "cpu", key, cpuMilli > 0, ("cpu.cfs_period_us", PeriodMicros), ("cpu.cfs_quota_us", quota));
        TryV1(groups, "pids", key, processes > 0, ("pids.max", processes));
        TryV1(groups, "cpuacct", key, true);
        return groups;
    }

    /// <summary>CPU milliseconds and memory of the groups; null where no group tells.</summary>
    public static (long? CpuMillis, long? MemoryBytes) Usage(IEnumerable<string> groups)
    {
        long? cpu = null, memory = null;
        foreach (var group in groups)
        {
            cpu = Number(Path.Combine(group, "cpuacct.usage")) / 1_000_000 ?? cpu;
            cpu = Field(Path.Combine(group, "cpu.stat"), "usage_usec") / 1_000 ?? cpu;
            memory = Number(Path.Combine(group, "memory.usage_in_bytes")) ?? Number(Path.Combine(group, "memory.current")) ?? memory;
        }

        return (cpu, memory);
    }

    /// <summary>Whoever is in the groups.</summary>
    public static HashSet<int> Members(IEnumerable<string> groups)
    {
        var members = new HashSet<int>();
        foreach (var line in groups.SelectMany(g => Lines(Path.Combine(g, "cgroup.procs"))))
        {
            if (int.TryParse(line, CultureInfo.InvariantCulture, out var pid))
            {
                members.Add(pid);
            }
        }

        return members;
    }

    /// <summary>Puts a process into the groups, as far as the system allows.</summary>
    public static void Join(IEnumerable<string> groups, int pid)
    {
        foreach (var group in groups)
        {
            TryWrite(Path.Combine(group, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Removes empty groups; true when none is left.</summary>
    public static bool Remove(IEnumerable<string> groups)
    {
        var gone = true;
        foreach (var group in groups.Where(g => g.StartsWith(Root + "/", StringComparison.Ordinal) && Directory.Exists(g)))
        {
            try
            {
                Directory.Delete(group);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                gone = false;
            }
        }

        return gone;
    }

    private static void CreateV2(List<string> groups, string key, long cpuMilli, long memoryBytes, int processes)
    {
        var parent = Path.Combine(Root, "depin");
        var group = Path.Combine(parent, key);
        if (!TryMake(parent))
        {
            return;
        }

        // Controllers must be handed down one level at a time; what the system refuses is simply not limited here.
        foreach (var folder in new[] { Root, parent })
        {
            foreach (var controller in new[] { "+cpu", "+memory", "+pids" })
            {
                TryWrite(Path.Combine(folder, "cgroup.subtree_control"), controller);
            }
        }

        if (!TryMake(group))
        {
            return;
        }

        groups.Add(group);
        if (cpuMilli > 0)
        {
            TryWrite(Path.Combine(group, "cpu.max"), string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1_000, (long)((Int128)cpuMilli * PeriodMicros / 1_000))} {PeriodMicros}"));
        }

        if (memoryBytes > 0)
        {
            TryWrite(Path.Combine(group, "memory.max"), memoryBytes.ToString(CultureInfo.InvariantCulture));
            TryWrite(Path.Combine(group, "memory.swap.max"), "0");
        }

        if (processes > 0)
        {
            TryWrite(Path.Combine(group, "pids.max"), processes.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void TryV1(List<string> groups, string controller, string key, bool wanted, params ReadOnlySpan<(string File, long Value)> settings)
    {
        var hierarchy = Path.Combine(Root, controller);
        var group = Path.Combine(hierarchy, "depin", key);
        if (!wanted || !Directory.Exists(hierarchy) || !TryMake(group))
        {
            return;
        }

        foreach (var (file, value) in settings)
        {
            if (!TryWrite(Path.Combine(group, file), value.ToString(CultureInfo.InvariantCulture)))
            {
                Remove([group]);
                return;
            }
        }

        groups.Add(group);
    }

    private static bool TryMake(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return File.Exists(Path.Combine(path, "cgroup.procs"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TryWrite(string path, string value)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            stream.Write(System.Text.Encoding.ASCII.GetBytes(value));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? Number(string path) => long.TryParse(Lines(path).FirstOrDefault(), CultureInfo.InvariantCulture, out var n) ? n : null;

    private static long? Field(string path, string name) =>
        Lines(path).FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal)) is { } line && long.TryParse(line[(name.Length + 1)..], CultureInfo.InvariantCulture, out var n)
            ? n : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
