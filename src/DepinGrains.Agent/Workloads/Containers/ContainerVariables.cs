using System.Globalization;
using System.Text;
using DepinGrains.Agent.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>
/// How variables get into a container without showing in a process list: a file only the agent can read, gone as soon as the container runs; values of several lines, which such a file
/// cannot hold, through the client's environment.
/// </summary>
internal sealed class ContainerVariables : IDisposable
{
    // These would change what the client itself does.
    private static readonly string[] ClientPrefixes = ["DOCKER", "CONTAINER", "PODMAN", "BUILDAH", "REGISTRY", "STORAGE_", "XDG_", "LD_", "GO", "HTTP", "SSL_", "_", "NETAVARK", "DBUS_"];
    private static readonly string[] ClientNames = ["PATH", "HOME", "TMPDIR", "USER", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "NO_PROXY", "ALL_PROXY"];

    private ContainerVariables(string file, Dictionary<string, string> inherited) => (File, Inherited) = (file, inherited);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Variables for the client's environment.</summary>
    public IReadOnlyDictionary<string, string> Inherited { get; }

    /// <summary>Writes the file. <c>DEPIN_LEASE</c>, <c>DEPIN_SERVICE</c>, <c>DEPIN_REPLICA</c> come first, the tenant's own go over them.</summary>
    public static ContainerVariables Write(WorkloadSpec spec, string file)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DEPIN_LEASE"] = spec.LeaseId,
            ["DEPIN_SERVICE"] = spec.Service,
            ["DEPIN_REPLICA"] = spec.Replica.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var variable in spec.Env)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            all[equals < 0 ? variable : variable[..equals]] = equals < 0 ? "" : variable[(equals + 1)..];
        }

        var inherited = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = new StringBuilder();
        foreach (var (name, value) in all)
        {
            if (value.AsSpan().IndexOfAny('\n', '\r') < 0)
            {
                lines.Append(name).Append('=').Append(value).Append('\n');
            }
            else if (Array.Exists(ClientNames, n => n == name) || Array.Exists(ClientPrefixes, p => name.StartsWith(p, StringComparison.Ordinal)))
            {
                throw new WorkloadException($"variable '{name}' cannot have a value of several lines", permanent: true);
            }
            else
            {
                inherited[name] = value;
            }
        }

        AgentPaths.WriteAtomically(file, Encoding.UTF8.GetBytes(lines.ToString()));
        return new ContainerVariables(file, inherited);
    }

    public void Dispose() => System.IO.File.Delete(File);
}
