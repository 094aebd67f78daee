using System.Text;
using System.Text.Json;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>Gets images: what is here is used, except that a moving tag (<c>latest</c> or none) is asked for again when the registry answers.</summary>
internal sealed class ImagePuller(ContainerEngine engine, ContainerOptions options, AgentPaths paths)
{
    /// <exception cref="WorkloadException">Neither here nor to be had.</exception>
    public async Task EnsureAsync(WorkloadSpec spec, Action onPulling, CancellationToken cancellationToken)
    {
        var present = (await engine.RunAsync(["image", "inspect", "--format", "{{.Id}}", spec.Image], cancellationToken)).Ok;
        if (present && !Moves(spec.Image))
        {
            return;
        }

        onPulling();
        var result = await PullAsync(spec, cancellationToken);
        if (!result.Ok && !present)
        {
            throw new WorkloadException($"image '{spec.Image}' cannot be pulled: {result.Reason}", permanent: false);
        }
    }

    private async Task<CommandResult> PullAsync(WorkloadSpec spec, CancellationToken cancellationToken)
    {
        if (spec.Credentials is not { } credentials)
        {
            return await engine.RunAsync(["pull", "--quiet", spec.Image], cancellationToken, options.PullTimeout);
        }

        // The same file serves both programs; it holds a secret and lives only as long as the pull.
        var folder = Path.Combine(paths.Private, "auth-" + SafeKey.Of(spec.Id));
        var file = Path.Combine(folder, "config.json");
        AgentPaths.MakePrivate(folder);
        try
        {
            var secret = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}"));
            var host = credentials.Host is "docker.io" or "" ? "https://index.docker.io/v1/" : credentials.Host;
            var content = new Dictionary<string, object> { ["auths"] = new Dictionary<string, object> { [host] = new Dictionary<string, string> { ["auth"] = secret } } };
            AgentPaths.WriteAtomically(file, JsonSerializer.SerializeToUtf8Bytes(content));
            string[] pull = engine.IsPodman ? ["pull", "--quiet", "--authfile", file, spec.Image] : ["--config", folder, "pull", "--quiet", spec.Image];
            return await engine.RunAsync(pull, cancellationToken, options.PullTimeout);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Moves(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return false;
        }

        var last = image[(image.LastIndexOf('/') + 1)..];
        var colon = last.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || last[(colon + 1)..] == "latest";
    }
}
