using System.Diagnostics;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Agent.Workloads.Containers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Testing;

namespace DepinGrains.Agent.Tests;

/// <summary>Real containers, of an image made here from busybox alone, alike on every engine. Categories: needs podman, needs docker; and busybox-static.</summary>
public abstract class ContainerWorkloadTests
{
    private protected const string Image = "localhost/depin-agent-test:1";

    [Fact]
    public async Task Container_serves_on_its_port_is_found_after_a_restart_and_goes_with_its_lease()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        Use(harness);
        harness.Options.Containers.PublishAddress = "127.0.0.1";
        harness.Options.Workloads.UsageInterval = TimeSpan.FromHours(1);
        var port = Ports.Free();
        // A name of its own: an earlier run that was cut off may have left its container.
        var lease = "lease-" + Guid.NewGuid().ToString("N");
        var spec = new WorkloadSpec(
            lease + "/web/0", lease, "web", 0, Image, ["/bin/busybox"], ["sh", "-c", "echo page-$SECRET > /www/index.html; echo ready; exec busybox httpd -f -v -p 8080 -h /www"],
            ["SECRET=container-canary", "LINES=one\ntwo"], 500, 64 << 20, [], [new PortBinding(8080, port, "tcp")],
            [new VolumeMount("www", "ephemeral", true, 1 << 20, "/www", false)], null, 32 << 20);
        gateway.Want(spec);
        harness.Start();

        using var http = new HttpClient();
        string? page = null;
        await Wait.UntilAsync(() => (page = TryGet(http, port)) is not null || gateway.Last(spec.Id)?.Phase is WorkloadPhase.Failed, "the page: " + gateway.Last(spec.Id)?.Detail);
        Assert.Equal("page-container-canary\n", page);
        Assert.Contains("ready", await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "ready")));
        Assert.DoesNotContain("container-canary", await OutputAsync("ps", "axww"), StringComparison.Ordinal);

        await gateway.SendAsync(new GatewayShellOpen("c1", spec.Id, ["/bin/busybox", "sh"]));
        await gateway.SendAsync(new GatewayStreamData("c1", Convert.ToBase64String("echo \"$LINES\"; exit 4\n"u8), true));
        Assert.Equal(4, (await gateway.ClosedAsync("c1")).ExitCode);
        Assert.Contains("one\ntwo", System.Text.Encoding.UTF8.GetString(gateway.Output("c1")), StringComparison.Ordinal);

        var id = await OutputAsync(Engine!.Program, "ps", "-q", "--filter", "label=depin.workload=" + spec.Id);
        Assert.NotEmpty(id);
        await harness.StopAsync();
        var reports = gateway.DistinctReports;
        harness.Start();
        await Wait.UntilAsync(() => gateway.Heartbeats.Count(h => h.Session >= 2) > 5, "the second session");
        Assert.Equal(id, await OutputAsync(Engine.Program, "ps", "-q", "--filter", "label=depin.workload=" + spec.Id));
        Assert.Equal(reports, gateway.DistinctReports);
        var lines = await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "ready"));
        Assert.Single(lines, l => l == "ready");

        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
        Assert.Empty(await OutputAsync(Engine.Program, "ps", "-a", "-q", "--filter", "label=depin.workload=" + spec.Id));
        await Wait.UntilAsync(() => Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "volumes")).Length == 0, "the volume to go");
    }

    [Fact]
    public async Task Lines_written_at_once_are_all_kept_and_none_twice_when_the_agent_comes_back()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        Use(harness);
        var lease = "lease-" + Guid.NewGuid().ToString("N");
        var spec = new WorkloadSpec(
            lease + "/web/0", lease, "web", 0, Image, ["/bin/busybox"],
            ["sh", "-c", "printf 'a\\nb\\nc\\n'; while [ ! -e /data/go ]; do busybox sleep 0.1; done; printf 'd\\ne\\n'; while :; do busybox sleep 1; done"],
            [], 500, 64 << 20, [], [], [new VolumeMount("data", "ephemeral", true, 1 << 20, "/data", false)], null, 32 << 20);
        gateway.Want(spec);
        harness.Start();
        Assert.Equal(["a", "b", "c"], (await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "c"))).Where(static l => l.Length == 1));
        await harness.StopAsync();
        harness.Start();
        await Wait.UntilAsync(() => gateway.Heartbeats.Any(h => h.Session == 2), "the second session");
        await File.WriteAllTextAsync(Path.Combine(Directory.GetDirectories(Assert.Single(Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "volumes")))).Single(static d => !d.EndsWith(".home", StringComparison.Ordinal)), "go"), "");
        Assert.Equal(["a", "b", "c", "d", "e"], (await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "e"))).Where(static l => l.Length == 1));
        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
    }

    [Fact]
    public async Task Image_that_cannot_be_had_backs_off_and_says_why()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        Use(harness);
        var spec = new WorkloadSpec("lease-d/web/0", "lease-d", "web", 0, "localhost:9/none:1", [], [], [], 100, 32 << 20, [], [], [], null);
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.BackOff, "backing off");
        Assert.Contains("cannot be pulled", gateway.Last(spec.Id)!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_that_writes_much_fills_no_disk_and_its_last_lines_are_there()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        Use(harness);
        harness.Options.Logs.RawBytes = 1 << 20;
        var lease = "lease-" + Guid.NewGuid().ToString("N");
        var spec = new WorkloadSpec(
            lease + "/web/0", lease, "web", 0, Image, ["/bin/busybox"], ["sh", "-c", "busybox yes 'twenty bytes a line' | busybox head -c 20000000; echo; echo done; exec busybox sleep 1000"],
            [], 500, 64 << 20, [], [], [], null, 32 << 20);
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "it runs");
        await gateway.SendAsync(new GatewayLogRequest("logs", spec.Id, -1, 1, true));
        await Wait.UntilAsync(() => gateway.Logs.SelectMany(static l => l.Lines).Any(static l => l.Text == "done"), "the last line");
        var id = await OutputAsync(Engine!.Program, "ps", "-q", "--filter", "label=depin.workload=" + spec.Id);
        var path = await OutputAsync(Engine.Program, "inspect", "--format", Engine.IsPodman ? "{{.HostConfig.LogConfig.Path}}" : "{{.LogPath}}", id);
        Assert.InRange(Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*").Sum(static f => new FileInfo(f).Length), 1, 3 << 20);
    }

    [Fact]
    public async Task Container_that_writes_more_than_was_ordered_into_its_own_layer_is_ended()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        Use(harness);
        harness.Options.Workloads.VolumeCheckInterval = TimeSpan.FromSeconds(1);
        harness.Options.Workloads.BackOffMin = TimeSpan.FromMinutes(1);
        var lease = "lease-" + Guid.NewGuid().ToString("N");
        var spec = new WorkloadSpec(
            lease + "/web/0", lease, "web", 0, Image, ["/bin/busybox"], ["sh", "-c", "busybox head -c 20000000 /dev/zero > /big || exit 3; exec busybox sleep 1000"],
            [], 500, 64 << 20, [], [], [], null, 10_000_000);
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.BackOff, "it is ended");
        var why = gateway.Last(spec.Id)!.Detail;

        // Where the engine can, it gives the layer no more room and the program ends by itself with its error.
        Assert.True(why.Contains("the lease has 10000000 of ephemeral storage", StringComparison.Ordinal) || why.Contains("exit", StringComparison.Ordinal), why);
    }

    private protected ContainerEngine? Engine { get; private set; }

    /// <summary>The engine under test, or what it needs.</summary>
    private protected abstract Task<(ContainerEngine? Engine, string Problem)> EngineAsync();

    private protected void Use(AgentHarness harness) => (harness.Options.Containers.Enabled, harness.Options.Containers.Program) = (true, Engine!.Program);

    private protected async Task NeedEngineAsync()
    {
        if (Environment.GetEnvironmentVariable("CONTAINERS_CONF") is null && FindUp("tests/tools/containers.conf") is { } conf)
        {
            // What this machine's kernel needs (see the file); harmless elsewhere.
            Environment.SetEnvironmentVariable("CONTAINERS_CONF", conf);
        }

        const string Busybox = "/bin/busybox";
        (Engine, var problem) = await EngineAsync();
        Assert.SkipUnless(Engine is not null, "skipped: needs " + problem);
        Assert.SkipUnless(File.Exists(Busybox), "skipped: needs busybox-static");
        if (await OutputAsync(Engine!.Program, "images", "-q", Image) is { Length: > 0 })
        {
            return;
        }

        var folder = Directory.CreateTempSubdirectory("depin-image-").FullName;
        File.Copy(Busybox, Path.Combine(folder, "busybox"));
        await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nENV PATH=/bin\n");
        var built = await DepinGrains.Agent.Common.CommandRunner.RunAsync(
            Engine.Program, ["build", "--network", "host", "-t", Image, folder], TimeSpan.FromMinutes(3), TimeProvider.System, default,
            new Dictionary<string, string> { ["BUILDAH_ISOLATION"] = "chroot" });
        Directory.Delete(folder, recursive: true);
        Assert.True(built.Ok, built.Error);
    }

    private static string? FindUp(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, relative);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    private protected static async Task<string> OutputAsync(string program, params string[] arguments) =>
        (await DepinGrains.Agent.Common.CommandRunner.RunAsync(program, arguments, TimeSpan.FromSeconds(60), TimeProvider.System, default)).Output.Trim();

    private static string? TryGet(HttpClient http, int port)
    {
        try
        {
            return http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/")).GetAwaiter().GetResult();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
