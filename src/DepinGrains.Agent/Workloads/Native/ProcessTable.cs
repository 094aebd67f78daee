using System.Globalization;
using System.Text;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>One line of the process table. <paramref name="StartTicks"/> with the boot id names a process for ever; a pid alone is used again.</summary>
internal readonly record struct ProcessEntry(int Pid, int Parent, int Session, char State, long StartTicks, long CpuTicks, long ResidentPages, string Name);

/// <summary>Reads <c>/proc</c>.</summary>
internal static class ProcessTable
{
    // USER_HZ is 100 on every Linux architecture .NET runs on.
    private const int MillisPerTick = 10;

    public static string BootId { get; } = ReadBootId();

    public static ProcessEntry? Find(int pid)
    {
        try
        {
            return Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static List<ProcessEntry> All()
    {
        var all = new List<ProcessEntry>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Find(pid) is { } entry)
            {
                all.Add(entry);
            }
        }

        return all;
    }

    /// <summary>
    /// Everything a supervisor started: its session, its descendants, and whoever carries the mark in its environment (a daemon that made a session of its own and lost its parents).
    /// </summary>
    /// <param name="supervisor">The supervisor's pid; 0 when it is gone.</param>
    /// <param name="mark">An environment entry, <c>NAME=VALUE</c>.</param>
    public static List<ProcessEntry> Members(int supervisor, string mark)
    {
        var all = All();
        var members = new HashSet<int>();
        var bytes = Encoding.UTF8.GetBytes(mark);
        foreach (var entry in all)
        {
            if ((supervisor > 0 && (entry.Pid == supervisor || entry.Session == supervisor)) || HasMark(entry.Pid, bytes))
            {
                members.Add(entry.Pid);
            }
        }

        for (var grown = members.Count > 0; grown;)
        {
            grown = false;
            foreach (var entry in all)
            {
                grown |= members.Contains(entry.Parent) && members.Add(entry.Pid);
            }
        }

        members.Remove(Environment.ProcessId);
        return all.FindAll(e => members.Contains(e.Pid) && e.State != 'Z');
    }

    public static long CpuMillis(IEnumerable<ProcessEntry> entries) => entries.Sum(e => e.CpuTicks) * MillisPerTick;

    public static long MemoryBytes(IEnumerable<ProcessEntry> entries) => entries.Sum(e => e.ResidentPages) * Environment.SystemPageSize;

    /// <summary>proc(5): pid (comm) state ppid pgrp session … utime(14) stime(15) cutime(16) cstime(17) … starttime(22) vsize rss(24); comm may hold anything, so counting starts behind the last ')'.</summary>
    public static ProcessEntry? Parse(string stat)
    {
        var open = stat.IndexOf('(', StringComparison.Ordinal);
        var close = stat.LastIndexOf(')');
        if (open < 1 || close < open)
        {
            return null;
        }

        var fields = stat[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 22)
        {
            return null;
        }

        return new ProcessEntry(
            (int)Number(stat[..open]), (int)Number(fields[1]), (int)Number(fields[3]), fields[0][0], Number(fields[19]),
            Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]), Number(fields[21]), stat[(open + 1)..close]);
    }

    private static bool HasMark(int pid, byte[] mark)
    {
        try
        {
            ReadOnlySpan<byte> environment = File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ"));
            var at = environment.IndexOf(mark);
            return at >= 0 && (at == 0 || environment[at - 1] == 0) && (at + mark.Length == environment.Length || environment[at + mark.Length] == 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long Number(string text) => long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0;

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
