using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>The docker or podman command line. The environment (<c>CONTAINERS_CONF</c>, <c>DOCKER_HOST</c>…) reaches it unchanged.</summary>
internal sealed class ContainerEngine(string program, bool podman, string version, ContainerOptions options, TimeProvider clock)
{
    public string Program { get; } = program;

    /// <summary>Podman's own ways, also when its program is named <c>docker</c>.</summary>
    public bool IsPodman { get; } = podman;

    public string Description { get; } = $"{(podman ? "podman" : "docker")} {version}";

    /// <summary>The first program whose engine answers; null: none.</summary>
    public static async Task<ContainerEngine?> FindAsync(ContainerOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        foreach (var program in options.Program.Length > 0 ? [options.Program] : (string[])["docker", "podman"])
        {
            // "info" asks the engine itself: a docker client without a server says no here.
            var info = await CommandRunner.RunAsync(program, ["info", "--format", "{{json .}}"], TimeSpan.FromSeconds(20), clock, cancellationToken);
            if (!info.Ok)
            {
                continue;
            }

            var version = await CommandRunner.RunAsync(program, ["--version"], TimeSpan.FromSeconds(20), clock, cancellationToken);
            var words = version.Output.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            var number = words.FirstOrDefault(w => char.IsAsciiDigit(w[0])) ?? "?";
            return new ContainerEngine(program, version.Output.Contains("podman", StringComparison.OrdinalIgnoreCase), number.Trim(), options, clock);
        }

        return null;
    }

    public Task<CommandResult> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null) =>
        CommandRunner.RunAsync(Program, arguments, limit ?? options.CommandTimeout, clock, cancellationToken, environment);
}
