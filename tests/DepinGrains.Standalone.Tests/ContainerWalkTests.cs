using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>The container sample with the real programs: two replicas in real containers answer on their ports, both write logs, a shell opens inside, and all of it goes with the deployment.</summary>
[Trait("Category", "NeedsPodman")]
public sealed class ContainerWalkTests : StandaloneWalk
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private AgentProcess? _agent;

    public override async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        _http.Dispose();
        await base.DisposeAsync();
    }

    protected override Task<string[]> SettingsAsync() => Task.FromResult<string[]>(["--Standalone:Agent", "false"]);

    [Fact]
    public async Task TheContainerSample_RunsAnswersLogsOpensAShellAndGoes()
    {
        await WalkImage.NeedAsync();
        var (seller, tenant) = (Person("seller"), Person("tenant"));
        await seller.RunAsync("faucet", "10", "ACT");
        await seller.RunAsync("provider", "put", "seller", "--attribute", "region=eu", "--cpu-usd", "0.10");
        var token = (await seller.RunAsync("node", "join")).Trim();
        _agent = new AgentProcess(
            Path.Combine(Folder, "agent"), Standalone.Url, token, 31_200, "--native", "false", "--Containers:Program=podman", "--Containers:PublishAddress=127.0.0.1",
            "--Resources:StorageClasses:beta2=" + Directory.CreateDirectory(Path.Combine(Folder, "beta2")).FullName);
        await Programs.EventuallyAsync("the node is online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");

        // The sample as it stands but for the image, which no registry needs to be asked for.
        var sdl = Path.Combine(Folder, "web-container.yaml");
        var sample = await File.ReadAllTextAsync(Path.Combine(Programs.Repository, "samples", "web-container.yaml"));
        Assert.Contains("image: nginx:1.27-alpine", sample, StringComparison.Ordinal);
        await File.WriteAllTextAsync(sdl, sample.Replace("nginx:1.27-alpine", WalkImage.Name, StringComparison.Ordinal));
        var deployed = await tenant.JsonAsync("deploy", sdl, "--wait", "200");
        Assert.True((bool)deployed["running"]!, deployed.ToJsonString());
        var lease = deployed["leases"]![0]!;
        var id = (string)lease["id"]!;
        var workloads = lease["workloads"]!.AsArray();
        Assert.Equal(2, workloads.Count);
        foreach (var workload in workloads)
        {
            var address = new Uri("http://" + (string)workload!["addresses"]![0]!);
            var page = await Programs.EventuallyAsync("the page at " + address, async () => (string?)await _http.GetStringAsync(address));
            Assert.Equal("a page of the walk\n", page);
            Assert.Single(await WalkImage.ContainersAsync((string)workload["id"]!));
        }

        await Programs.EventuallyAsync("both replicas' logs", async () => await tenant.RunAsync("lease", "logs", id) is var logs && logs.Split("ready").Length == 3 ? "yes" : throw new IOException(logs));
        var (code, output, error) = await tenant.FeedAsync("cat /usr/share/nginx/html/index.html; exit 6\n", "lease", "shell", id);
        Assert.Equal((6, "a page of the walk\n", ""), (code, output, error));

        await KeepsItsVolumeAsync(tenant, id, [.. workloads.Select(static w => (string)w!["id"]!)], [.. workloads.Select(static w => new Uri("http://" + (string)w!["addresses"]![0]!))]);

        await tenant.RunAsync("deployment", "close", (string)deployed["deployment"]!["id"]!);
        await Programs.EventuallyAsync("the containers are gone", async () =>
            (await Task.WhenAll(workloads.Select(static w => WalkImage.ContainersAsync((string)w!["id"]!)))).All(static c => c.Length == 0) ? "gone" : null);
        await Programs.EventuallyAsync("the volumes are gone", () => Task.FromResult(Directory.GetDirectories(Path.Combine(Folder, "beta2", "depin-volumes")).Length == 0 ? "gone" : null));
        await tenant.RunAsync("ledger", "verify", "ACT");
    }

    /// <summary>What a replica writes into its persistent volume lies in the folder of its class, is its own, and is there again when its container was killed; what it writes beside it is not.</summary>
    private async Task KeepsItsVolumeAsync(Depin tenant, string lease, string[] workloads, Uri[] addresses)
    {
        const string Write = "echo kept > /usr/share/nginx/html/index.html; echo lost > /beside; exit 0\n";
        var (code, _, error) = await tenant.FeedAsync(Write, "lease", "shell", lease, "--replica", "0");
        Assert.True(code == 0, error);
        var pages = Directory.GetFiles(Path.Combine(Folder, "beta2", "depin-volumes"), "index.html", SearchOption.AllDirectories);
        Assert.Equal(["a page of the walk\n", "kept\n"], (await Task.WhenAll(pages.Select(static p => File.ReadAllTextAsync(p)))).Order(StringComparer.Ordinal));
        var killed = Assert.Single(await WalkImage.ContainersAsync(workloads[0]));
        Assert.Equal(0, (await Programs.RunOtherAsync("podman", null, "kill", killed)).Code);
        await Programs.EventuallyAsync("another container runs in its place", async () => await WalkImage.ContainersAsync(workloads[0]) is [var other] && other != killed ? other : null);
        Assert.Equal("kept\n", await Programs.EventuallyAsync("the page is there again", async () => (string?)await _http.GetStringAsync(addresses[0])));
        Assert.Equal("a page of the walk\n", await _http.GetStringAsync(addresses[1]));
        var beside = await Programs.EventuallyAsync("a shell in it", async () => await tenant.FeedAsync("cat /usr/share/nginx/html/index.html; test -e /beside; exit $?\n", "lease", "shell", lease, "--replica", "0") is { Code: 0 or 1 } said ? (object)said : null);
        Assert.Equal((1, "kept\n", ""), beside);
    }
}
