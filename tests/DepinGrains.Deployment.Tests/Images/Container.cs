using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Images;

/// <summary>One container of an image of ours, as locked up as k8s/ runs it: read-only root, no rights, no network but the one named.</summary>
internal sealed class Container : IAsyncDisposable
{
    private readonly string _name = $"depin-test-{Guid.NewGuid():N}"[..24];

    private Container()
    {
    }

    /// <summary>Starts one; <paramref name="network"/> is <c>none</c>, <c>host</c> or <see cref="Network"/> of another.</summary>
    public static async Task<Container> StartAsync(string target, string network, IEnumerable<string> volumes, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var container = new Container();
        await PodmanAsync(["run", "-d", "--name", container._name, .. Fence(network), .. volumes.SelectMany(static v => (string[])["-v", v]), .. Variables(environment), Image(target)]);
        return container;
    }

    /// <summary>Runs an image to its end, with a command instead of its own when one is given.</summary>
    public static Task<(int Code, string Out, string Error)> RunAsync(string target, string network, IEnumerable<KeyValuePair<string, string>> environment, params string[] command) =>
        Repository.RunAsync("podman", ["run", "--rm", .. Fence(network), .. Variables(environment), .. command.Length > 0 ? ["--entrypoint", command[0]] : Array.Empty<string>(), Image(target), .. command.Skip(1)], null, ImageSet.Environment);

    /// <summary>Joins this one's network.</summary>
    public string Network => "container:" + _name;

    /// <summary>Runs a command inside.</summary>
    public Task<(int Code, string Out, string Error)> TryAsync(params string[] command) => Repository.RunAsync("podman", ["exec", _name, .. command], null, ImageSet.Environment);

    /// <summary>Runs a command inside; its output, or a failure.</summary>
    public async Task<string> ExecAsync(params string[] command)
    {
        var (code, output, error) = await TryAsync(command);
        return code == 0 ? output : throw new CommandFailedException($"{string.Join(' ', command)}: {code} {error}{output}");
    }

    /// <summary><c>depin</c> inside, with JSON as its answer.</summary>
    public async Task<JsonNode> DepinAsync(params string[] arguments) => JsonNode.Parse(await ExecAsync(["depin", .. arguments, "-o", "json"]))!;

    /// <summary>What it said on stderr and stdout.</summary>
    public async Task<string> LogsAsync() => await Repository.RunAsync("podman", ["logs", "--tail", "40", _name], null, ImageSet.Environment) is var (_, output, error) ? output + error : "";

    /// <summary>Asks it to end as Kubernetes does; its exit code (137: it had to be killed).</summary>
    public async Task<int> StopAsync(int seconds)
    {
        await PodmanAsync(["stop", "-t", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), _name]);
        return int.Parse(await PodmanAsync(["inspect", "-f", "{{.State.ExitCode}}", _name]), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync() => await Repository.RunAsync("podman", ["rm", "-f", "-t", "1", _name], null, ImageSet.Environment);

    private static string Image(string target) => $"localhost/depin/{target}:test";

    private static string[] Fence(string network) =>
        ["--network", network, "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "1536m"];

    private static IEnumerable<string> Variables(IEnumerable<KeyValuePair<string, string>> environment) => environment.SelectMany(static v => (string[])["-e", $"{v.Key}={v.Value}"]);

    private static async Task<string> PodmanAsync(string[] arguments)
    {
        var (code, output, error) = await Repository.RunAsync("podman", arguments, null, ImageSet.Environment);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"podman {arguments[0]}: {error}");
    }
}

/// <summary>A command inside a container that ended with another code than 0.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
