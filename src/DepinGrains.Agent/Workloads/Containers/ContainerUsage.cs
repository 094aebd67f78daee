using System.Globalization;
using DepinGrains.Agent.Workloads.Native;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>CPU and memory of a container from the control groups of its first process: far cheaper than the engine's own statistics. 0 where that is not to be seen (a remote engine).</summary>
internal static class ContainerUsage
{
    public static long CpuMillis(int pid) => ControlGroups.Usage(GroupsOf(pid)).CpuMillis ?? 0;

    public static long MemoryBytes(int pid) => ControlGroups.Usage(GroupsOf(pid)).MemoryBytes ?? 0;

    private static IEnumerable<string> GroupsOf(int pid)
    {
        string[] lines;
        try
        {
            lines = pid > 1 && OperatingSystem.IsLinux() ? File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        foreach (var line in lines)
        {
            var parts = line.Split(':', 3);
            if (parts.Length != 3 || parts[2].Trim('/').Length == 0)
            {
                // The root group is the whole machine.
                continue;
            }

            var root = parts[1].Length == 0 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + parts[1];
            yield return Path.Combine(root, parts[2].Trim('/'));
        }
    }
}
