using System.Globalization;
using System.Text;
using DepinGrains.Agent.Common;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>The folder of one native process: who it is, how to find it again, what it left.</summary>
internal sealed class NativeRun(string folder)
{
    public string Folder { get; } = folder;

    public string Launcher => Path.Combine(Folder, "launch.sh");

    public string SupervisorScript => Path.Combine(Folder, "supervise.sh");

    public string OutputFile => Path.Combine(Folder, "out.raw");

    public string ErrorFile => Path.Combine(Folder, "err.raw");

    public bool Exists => File.Exists(Path.Combine(Folder, "id"));

    public string WorkloadId => Text("id");

    public string Fingerprint => Text("spec");

    public string LeaseId => Text("lease");

    /// <summary>User it runs as; null: the agent's own.</summary>
    public int? User => int.TryParse(Text("user"), NumberStyles.None, CultureInfo.InvariantCulture, out var user) ? user : null;

    /// <summary>Control groups it was put in.</summary>
    public string[] Groups => Text("groups").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Set by the supervisor when the program ended.</summary>
    public int? ExitCode => int.TryParse(Text("exit"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>The supervisor, when it is still the very process that was started; a pid used again by somebody else is not.</summary>
    public ProcessEntry? Supervisor()
    {
        var parts = Text("pid").Split(' ');
        if (parts.Length != 3 || parts[2] != ProcessTable.BootId || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid))
        {
            return null;
        }

        return ProcessTable.Find(pid) is { } entry && entry.State != 'Z' && entry.StartTicks.ToString(CultureInfo.InvariantCulture) == parts[1] ? entry : null;
    }

    /// <summary>
    /// The supervisor's session, also when it is dead but others of the session are not (the number cannot be given to anyone else then); 0 when the number belongs to a stranger now.
    /// </summary>
    public int SessionId()
    {
        var parts = Text("pid").Split(' ');
        if (parts.Length != 3 || parts[2] != ProcessTable.BootId || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid))
        {
            return 0;
        }

        return ProcessTable.Find(pid) is not { } entry || entry.StartTicks.ToString(CultureInfo.InvariantCulture) == parts[1] ? pid : 0;
    }

    /// <summary>True when the supervisor never got as far as writing its pid.</summary>
    public bool PidMissing => !File.Exists(Path.Combine(Folder, "pid"));

    public void Create(string workloadId, string leaseId, string fingerprint, int? user, IEnumerable<string> groups)
    {
        AgentPaths.MakePassable(Folder);
        Write("spec", fingerprint);
        Write("lease", leaseId);
        Write("user", user?.ToString(CultureInfo.InvariantCulture) ?? "");
        Write("groups", string.Join('\n', groups));
        foreach (var file in new[] { OutputFile, ErrorFile })
        {
            // The program's own: it may open /dev/stdout again.
            AgentPaths.WriteAtomically(file, []);
            if (user is { } owner)
            {
                Libc.Own(file, owner);
            }
        }

        // Last: a folder without it was never a run.
        Write("id", workloadId);
    }

    public void Delete()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private void Write(string name, string text) => AgentPaths.WriteAtomically(Path.Combine(Folder, name), Encoding.UTF8.GetBytes(text));

    private string Text(string name)
    {
        try
        {
            var path = Path.Combine(Folder, name);
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
