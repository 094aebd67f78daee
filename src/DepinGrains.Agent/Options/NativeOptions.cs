namespace DepinGrains.Agent.Options;

/// <summary>Native processes: tenants' programs straight on the machine. The owner switches this on, knowing that they share the host's network.</summary>
public sealed class NativeOptions
{
    /// <summary>True: images <c>native:NAME</c> are accepted.</summary>
    public bool Enabled { get; set; }

    /// <summary>What must stand between a program and the machine.</summary>
    public NativeSandboxMode Sandbox { get; set; } = NativeSandboxMode.Auto;

    /// <summary>Name → absolute path. The only programs beside the built-in ones when there is no sandbox; with one, programs of the system's PATH too unless <see cref="OnlyAllowed"/>.</summary>
    public IDictionary<string, string> AllowedPrograms { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>True: the allow-list counts inside a sandbox as well.</summary>
    public bool OnlyAllowed { get; set; }

    /// <summary>Address given to programs as <c>DEPIN_BIND</c>; the built-in ones listen there.</summary>
    public string BindAddress { get; set; } = "127.0.0.1";

    /// <summary>First of the <see cref="UserIdCount"/> unprivileged user ids used when the agent is root; one per lease.</summary>
    public int UserIdBase { get; set; } = 60_100;

    /// <summary>How many user ids.</summary>
    public int UserIdCount { get; set; } = 4_000;

    /// <summary>Most processes of one workload.</summary>
    public int ProcessLimit { get; set; } = 512;

    /// <summary>Most open files of one process.</summary>
    public int OpenFileLimit { get; set; } = 4_096;

    /// <summary>More folders to show, read-only, inside the sandbox.</summary>
    public IList<string> ReadOnlyPaths { get; } = [];

    /// <summary>Command of the built-in <c>native:depin-hello</c>; empty: <c>dotnet DepinGrains.Agent.dll hello</c>.</summary>
    public IList<string> HelloCommand { get; } = [];
}

/// <summary>How native processes are fenced.</summary>
public enum NativeSandboxMode
{
    /// <summary>The strongest that works here: bubblewrap, then namespaces with an unprivileged user, then an unprivileged user, then none.</summary>
    Auto = 0,

    /// <summary>No native processes unless bubblewrap or namespaces work.</summary>
    Required = 1,

    /// <summary>No sandbox: only allow-listed and built-in programs.</summary>
    None = 2,
}
