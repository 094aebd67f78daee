using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Deployment.Tests.Manifests;
using DepinGrains.Testing;

namespace DepinGrains.Deployment.Tests.Images;

/// <summary>The images start as k8s/ starts them, answer the probes of k8s/, do their work and end when told to.</summary>
[Trait("Category", "NeedsPodman")]
public sealed class ImageTests(ImageSet images) : IClassFixture<ImageSet>, IDisposable
{
    private const string Api = "127.0.0.1:5080";
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-images-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task StandaloneAndAgent_MakeALease()
    {
        await images.NeedAsync();
        await using var standalone = await Container.StartAsync(
            "standalone", "none", [$"{Writable("data")}:/data", $"{Repository.At("samples")}:/samples:ro"], Environment(("ASPNETCORE_URLS", $"http://{Api}"), ("Management__Port", "8081"), ("Standalone__Faucet", "true")));
        foreach (var probe in await ProbesAsync("single", "depin-standalone"))
        {
            await ImageSet.EventuallyAsync("standalone answers " + probe.ToJsonString(), async () => await standalone.ExecAsync(Inside(probe)), standalone.LogsAsync);
        }

        await using var agent = await AgentAsync(standalone, standalone.Network, $"http://{Api}");
        await DeployAsync(standalone);
        await standalone.ExecAsync("depin", "ledger", "verify", "ACT");

        foreach (var container in (Container[])[standalone, agent])
        {
            Assert.Equal("1654", (await container.ExecAsync("id", "-u")).Trim());
            Assert.NotEqual(0, (await container.TryAsync("touch", "/app/x")).Code);
        }

        Assert.Equal(0, await agent.StopAsync(60));
        Assert.Equal(0, await standalone.StopAsync(40));
    }

    [Fact]
    public async Task Standalone_ReachableFromOutside_RefusesFaucetAndNativeWorkloads()
    {
        await images.NeedAsync();
        foreach (var name in (string[])["Standalone__Faucet", "Standalone__NativeWorkloads"])
        {
            var (code, _, error) = await Container.RunAsync("standalone", "none", Environment((name, "true"), ("Standalone__Data", "/tmp/data")));
            Assert.Equal(64, code);
            Assert.Contains("is reachable from elsewhere", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SiloAndGateway_OnLocal_SayThatTheyNeedOrleans()
    {
        await images.NeedAsync();
        Assert.SkipWhen(ImageSet.IsOrleans, "skipped: needs images of the Local build");
        Assert.Equal(78, (await Container.RunAsync("silo", "none", [])).Code);
        Assert.Equal(78, (await Container.RunAsync("gateway", "none", [])).Code);
    }

    /// <summary>The job migrates, the silo joins, the gateway serves, the agent sells: what k8s/README.md does with the dev overlay, with its settings but for addresses and secrets.</summary>
    [Fact]
    public async Task JobSiloGatewayAndAgent_MakeALease()
    {
        await images.NeedAsync();
        Assert.SkipUnless(ImageSet.IsOrleans, "skipped: needs Microsoft.Orleans");
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var database = await (await PostgresCluster.SharedAsync()).NewDatabaseAsync();
        var job = await SettingsAsync("depin-migrate", ("Store__Connection", database));
        var migrated = await Container.RunAsync("silo", "host", job, "/app/depin", "db", "migrate");
        Assert.True(migrated.Code == 0, migrated.Error + migrated.Out);

        var (siloManagement, gatewayManagement, api) = (FreePort(), FreePort(), FreePort());
        var key = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        await using var silo = await Container.StartAsync("silo", "host", [$"{Repository.At("samples")}:/samples:ro"], await SettingsAsync(
            "depin-silo", ("Store__Connection", database), ("Silo__Name", "silo-0"), ("Silo__Address", "127.0.0.1"), ("Silo__Port", FreePort()), ("Silo__GatewayPort", FreePort()), ("Management__Address", "127.0.0.1"),
            ("Management__Port", siloManagement), ("Secrets__MasterKeys__0", key), ("Identities__OperatorKeys__0", "")));
        await AnswersAsync(silo, "depin-silo", siloManagement);
        using var gatewayKey = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await using var gateway = await Container.StartAsync("gateway", "host", [], await SettingsAsync(
            "depin-gateway", ("Store__Connection", database), ("Serving__Key", gatewayKey.ExportPkcs8PrivateKeyPem()), ("ASPNETCORE_URLS", $"http://127.0.0.1:{api}"), ("Gateway__PeerUrl", $"http://127.0.0.1:{api}"), ("Management__Address", "127.0.0.1"), ("Management__Port", gatewayManagement)));
        await AnswersAsync(gateway, "depin-gateway", gatewayManagement);

        string[] me = ["--server", $"http://127.0.0.1:{api}", "--key", "/tmp/key.pem", "--network", "depin"];
        await using var agent = await AgentAsync(silo, "host", $"http://127.0.0.1:{api}", me);
        await DeployAsync(silo, me);
        Assert.Equal(0, await agent.StopAsync(60));
        Assert.Equal(0, await gateway.StopAsync(150));
        Assert.Equal(0, await silo.StopAsync(150));
    }

    /// <summary>Becomes a provider, asks for a token and hands it to an agent, as the READMEs say; waits until the node is online.</summary>
    private async Task<Container> AgentAsync(Container depin, string network, string gateway, params string[] me)
    {
        await depin.ExecAsync(["depin", "faucet", "100", "ACT", .. me]);
        await depin.ExecAsync(["depin", "provider", "put", "contained", "--cpu-usd", "1", .. me]);
        var join = Directory.CreateDirectory(Path.Combine(_folder, "join")).FullName;
        await File.WriteAllTextAsync(Path.Combine(join, "token"), await depin.ExecAsync(["depin", "node", "join", .. me]));

        var settings = await AgentSettingsAsync();
        settings["DEPIN_AGENT__Gateways__0"] = gateway;
        // It shares a network with the others here, which a pod of its own does not: their management port is taken.
        settings["DEPIN_AGENT__Management__Port"] = FreePort();
        var agent = await Container.StartAsync("agent", network, [$"{Writable("agent")}:/data", $"{join}:/run/depin/join:ro"], settings);
        try
        {
            await ImageSet.EventuallyAsync(
                "the node is online", async () => (await depin.DepinAsync(["node", "list", .. me])).AsArray().FirstOrDefault(static n => (string?)n!["status"] == "online"), agent.LogsAsync, 120);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>From the SDL to an active lease whose workload answers.</summary>
    private static async Task DeployAsync(Container depin, params string[] me)
    {
        var deployed = await depin.DepinAsync(["deploy", "/samples/hello-native.yaml", "--wait", "200", .. me]);
        Assert.True((bool)deployed["running"]!, deployed.ToJsonString());
        var port = ((string)deployed["leases"]![0]!["workloads"]![0]!["addresses"]![0]!).Split(':')[1];
        var greeting = "hello from " + (string)deployed["leases"]![0]!["id"]!;

        // Running is not listening yet.
        await ImageSet.EventuallyAsync(
            "the workload says " + greeting,
            async () => (await depin.ExecAsync("bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3")).Contains(greeting, StringComparison.Ordinal) ? "yes" : null,
            depin.LogsAsync);
        Assert.Equal("active", (string?)(await depin.DepinAsync(["lease", "list", .. me]))[0]!["status"]);
    }
    /// <summary>A probe as a command inside the container, whose network reaches nobody: its own, or what the kubelet would ask the management port.</summary>
    private static string[] Inside(JsonObject probe) => probe["exec"] is { } exec
        ? [.. exec["command"]!.AsArray().Select(static w => (string)w!)]
        : ["bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/8081 && printf 'GET {HostRules.ProbePath(probe)} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3"];

    /// <summary>Asks every probe of the dev overlay until all of them say yes.</summary>
    private static async Task AnswersAsync(Container container, string workload, string port)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        foreach (var probe in await ProbesAsync("dev", workload))
        {
            var path = new Uri($"http://127.0.0.1:{port}{HostRules.ProbePath(probe)}");
            await ImageSet.EventuallyAsync($"{workload} answers {path}", async () => (await http.GetAsync(path)).StatusCode == HttpStatusCode.OK ? "yes" : null, container.LogsAsync);
        }
    }

    private static async Task<JsonObject[]> ProbesAsync(string overlay, string workload) =>
        [.. SelectorRules.Probes(Workload.Of(await Overlay.ObjectsAsync(overlay)).Single(w => w.Name == workload)).Select(static p => p.Probe)];

    private static async Task<Dictionary<string, string>> AgentSettingsAsync() => await SettingsAsync("depin-agent");

    private static async Task<Dictionary<string, string>> SettingsAsync(string workload, params (string Name, string Value)[] changes)
    {
        var objects = await Overlay.ObjectsAsync("dev");
        var settings = HostRules.Environment(objects, Workload.Of(objects).Single(w => w.Name == workload).Containers.Single());
        foreach (var (name, value) in changes)
        {
            settings[name] = value;
        }

        // A setting that is a key id must be one or not be there.
        return settings.Where(static s => s.Value.Length > 0).ToDictionary();
    }

    private static Dictionary<string, string> Environment(params (string Name, string Value)[] variables) => variables.ToDictionary(static v => v.Name, static v => v.Value);

    /// <summary>A folder that the images' user may write to, as a volume with fsGroup is.</summary>
    private string Writable(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        }

        return folder;
    }

    private static string FreePort() => Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture);
}
