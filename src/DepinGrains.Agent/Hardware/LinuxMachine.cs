using System.Globalization;

namespace DepinGrains.Agent.Hardware;

/// <summary>CPU and memory of a Linux machine, cut down to what control groups (v1, v2) allow this process: a container reports its own limits, not its host's.</summary>
/// <param name="proc">Normally <c>/proc</c>.</param>
/// <param name="cgroups">Normally <c>/sys/fs/cgroup</c>.</param>
internal sealed class LinuxMachine(string proc, string cgroups)
{
    // v1 writes "no limit" as the largest multiple of the page size.
    private const long UnlimitedV1 = long.MaxValue - 0xFFFFF;

    /// <summary>x86: <c>model name</c>; ARM boards: <c>Model</c>, <c>Hardware</c> or the implementer's numbers.</summary>
    public string CpuModel()
    {
        string? second = null;
        foreach (var line in Lines(Path.Combine(proc, "cpuinfo")))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                continue;
            }

            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim())
            {
                case "model name" when value.Length > 0:
                    return value;
                case "Model" or "Hardware" or "cpu model" when value.Length > 0:
                    second = value;
                    break;
                case "CPU part" when value.Length > 0:
                    second ??= "arm " + value;
                    break;
            }
        }

        return second ?? "unknown";
    }

    /// <summary>Thousandths of a core: the smallest of the cores allowed (affinity) and every quota on the way to the root.</summary>
    public long CpuMilli(int cores)
    {
        var milli = Math.Max(1, cores) * 1_000L;
        foreach (var folder in GroupFolders("cpu"))
        {
            var max = First(Path.Combine(folder, "cpu.max"))?.Split(' ');
            var (quota, period) = max is { Length: 2 }
                ? (Number(max[0]), Number(max[1]))
                : (Number(First(Path.Combine(folder, "cpu.cfs_quota_us"))), Number(First(Path.Combine(folder, "cpu.cfs_period_us"))));
            if (quota is > 0 && period is > 0)
            {
                milli = Math.Min(milli, (long)((Int128)quota.Value * 1_000 / period.Value));
            }
        }

        return Math.Max(1, milli);
    }

    /// <summary>Bytes: the smallest of the machine's memory and every limit on the way to the root.</summary>
    public long MemoryBytes()
    {
        var total = Lines(Path.Combine(proc, "meminfo"))
            .Where(l => l.StartsWith("MemTotal:", StringComparison.Ordinal))
            .Select(l => Number(l["MemTotal:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1_024)
            .FirstOrDefault() ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        foreach (var folder in GroupFolders("memory"))
        {
            foreach (var file in new[] { "memory.max", "memory.limit_in_bytes" })
            {
                if (Number(First(Path.Combine(folder, file))) is > 0 and < UnlimitedV1 and var limit)
                {
                    total = Math.Min(total, limit);
                }
            }
        }

        return total;
    }

    /// <summary>The group's folder and its parents, for v2 and for the v1 hierarchy of <paramref name="controller"/>; inside a container whose own group is mounted as root, that root.</summary>
    private IEnumerable<string> GroupFolders(string controller)
    {
        foreach (var line in Lines(Path.Combine(proc, "self", "cgroup")))
        {
            var parts = line.Split(':', 3);
            if (parts.Length != 3)
            {
                continue;
            }

            var roots = parts[1].Length == 0
                ? new[] { cgroups, Path.Combine(cgroups, "unified") }
                : parts[1].Split(',').Contains(controller) ? [Path.Combine(cgroups, controller), Path.Combine(cgroups, parts[1])] : [];
            foreach (var root in roots.Distinct().Where(Directory.Exists))
            {
                for (var path = parts[2].Trim('/'); ; path = path[..Math.Max(0, path.LastIndexOf('/'))])
                {
                    yield return Path.Combine(root, path);
                    if (path.Length == 0)
                    {
                        break;
                    }
                }
            }
        }
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

    private static string? First(string path) => Lines(path).FirstOrDefault()?.Trim();

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
