using System.Globalization;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>Which program an image <c>native:NAME</c> means: built in, on the owner's list, or, inside a sandbox, one of the system's.</summary>
internal static class NativePrograms
{
    public const string ImagePrefix = Executors.NativePrefix;

    /// <summary>The built-in sample: a small HTTP server.</summary>
    public const string Hello = "depin-hello";

    private static readonly string[] SystemPath = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// <summary>The command line.</summary>
    /// <exception cref="WorkloadException">Not allowed, or not there.</exception>
    public static List<string> Resolve(WorkloadSpec spec, NativeOptions options, bool sandboxed)
    {
        var name = spec.Image[ImagePrefix.Length..];
        IEnumerable<string> rest = spec.Command.Concat(spec.Args);
        if (name == Hello)
        {
            var port = spec.Ports.IsEmpty ? 0 : spec.Ports[0].HostPort;
            return [.. HelloCommand(options), "--bind", NativeEnvironment.Bind(spec, options), "--port", port.ToString(CultureInfo.InvariantCulture), .. rest];
        }

        if (options.AllowedPrograms.TryGetValue(name, out var listed))
        {
            return File.Exists(listed) ? [listed, .. rest] : throw new WorkloadException($"native program '{name}' is allowed here but not installed", permanent: true);
        }

        if (!sandboxed || options.OnlyAllowed)
        {
            throw new WorkloadException($"native program '{name}' is not on this node's allow-list", permanent: true);
        }

        // No paths: what is not in the system's folders is not shown inside the sandbox either.
        var found = name.Contains('/', StringComparison.Ordinal) ? null : SystemPath.Select(p => Path.Combine(p, name)).FirstOrDefault(File.Exists);
        return found is not null ? [found, .. rest] : throw new WorkloadException($"native program '{name}' is not installed on this node", permanent: true);
    }

    /// <summary>Folders a built-in program needs to see: the runtime and the agent's own.</summary>
    public static IEnumerable<string> ReadOnlyPaths(WorkloadSpec spec, NativeOptions options)
    {
        if (spec.Image != ImagePrefix + Hello)
        {
            return options.ReadOnlyPaths;
        }

        var folders = HelloCommand(options).Where(Path.IsPathRooted).Select(p => Path.GetDirectoryName(Resolve(p))!);
        return options.ReadOnlyPaths.Concat(folders).Concat(HelloCommand(options).Where(Path.IsPathRooted).Select(p => Path.GetDirectoryName(p)!)).Distinct()
            .Where(p => !p.StartsWith("/usr/", StringComparison.Ordinal) && p != "/");
    }

    /// <summary>The configured command, or this process's own program with the hidden command <c>hello</c>, which every host of an agent answers (its dependencies are its own, another program's are not).</summary>
    public static IReadOnlyList<string> HelloCommand(NativeOptions options)
    {
        if (options.HelloCommand.Count > 0)
        {
            return [.. options.HelloCommand];
        }

        var entry = System.Reflection.Assembly.GetEntryAssembly()?.GetName().Name;
        var program = Path.Combine(AppContext.BaseDirectory, (entry is "DepinGrains.Standalone" ? entry : "DepinGrains.Agent") + ".dll");
        return [DotNet(), program, "hello"];
    }

    /// <summary>The runtime this process runs on (…/shared/Microsoft.NETCore.App/10.0.x → …/dotnet), else the one on PATH.</summary>
    private static string DotNet()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location);
        var host = runtime is null ? "" : Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return File.Exists(host) ? host : "dotnet";
    }

    private static string Resolve(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
