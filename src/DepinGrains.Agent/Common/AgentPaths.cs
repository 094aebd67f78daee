namespace DepinGrains.Agent.Common;

/// <summary>Where things lie in the work folder. Secrets are in folders only the owner can enter.</summary>
internal sealed class AgentPaths
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passable = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public AgentPaths(string workDirectory)
    {
        Root = Path.GetFullPath(workDirectory);
        Private = Path.Combine(Root, "private");
        Runs = Path.Combine(Root, "runs");
        Logs = Path.Combine(Root, "logs");
        Volumes = Path.Combine(Root, "volumes");
    }

    public string Root { get; }

    /// <summary>Node key, state (it holds environment values), registry credentials.</summary>
    public string Private { get; }

    /// <summary>One folder per native process.</summary>
    public string Runs { get; }

    public string Logs { get; }

    /// <summary>One folder per lease. Passable, since unprivileged users of the sandbox must reach their own.</summary>
    public string Volumes { get; }

    public string VolumesOf(string leaseId) => Path.Combine(Volumes, SafeKey.Of(leaseId));

    public void Create()
    {
        MakeRoot();
        MakeDirectory(Private, OwnerOnly);
        MakeDirectory(Runs, Passable);
        MakeDirectory(Logs, OwnerOnly);
        MakeDirectory(Volumes, Passable);
    }

    public static void MakePassable(string path) => MakeDirectory(path, Passable);

    public static void MakePrivate(string path) => MakeDirectory(path, OwnerOnly);

    /// <summary>Replaces a file so that readers and a crash see the old or the new, never half. Only the owner can read it.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>A mounted volume belongs to whoever mounted it, who lets the agent's group write: its mode is his, what is private lies in folders of ours.</summary>
    private void MakeRoot()
    {
        try
        {
            MakeDirectory(Root, Passable);
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(Root))
        {
            // The next folder shows whether it can be written to.
        }
    }

    private static void MakeDirectory(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, mode);
        File.SetUnixFileMode(path, mode);
    }
}
