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

        await Programs.EventuallyAsync("both replicas' logs", async () => (await tenant.RunAsync("lease", "logs", id)).Split("ready").Length == 3 ? "yes" : null);
        var (code, output, error) = await tenant.FeedAsync("cat /usr/share/nginx/html/index.html; exit 6\n", "lease", "shell", id);
        Assert.Equal((6, "a page of the walk\n", ""), (code, output, error));

        await tenant.RunAsync("deployment", "close", (string)deployed["deployment"]!["id"]!);
        await Programs.EventuallyAsync("the containers are gone", async () =>
            (await Task.WhenAll(workloads.Select(static w => WalkImage.ContainersAsync((string)w!["id"]!)))).All(static c => c.Length == 0) ? "gone" : null);
        await Programs.EventuallyAsync("the volumes are gone", () => Task.FromResult(Directory.GetDirectories(Path.Combine(Folder, "beta2", "depin-volumes")).Length == 0 ? "gone" : null));
        await tenant.RunAsync("ledger", "verify", "ACT");
    }
}
