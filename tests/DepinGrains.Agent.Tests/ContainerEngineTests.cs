using System.Net;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Agent.Workloads.Containers;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Tests;

/// <summary>Containers of podman.</summary>
[Trait("Category", "NeedsPodman")]
public sealed class PodmanWorkloadTests : ContainerWorkloadTests
{
    private protected override async Task<(ContainerEngine? Engine, string Problem)> EngineAsync() =>
        (await ContainerEngine.FindAsync(new Options.ContainerOptions { Program = "podman" }, TimeProvider.System, default), "podman");

    /// <summary>The engine's default network is everybody's: a workload rather waits than runs there.</summary>
    [Fact]
    public async Task A_lease_whose_network_cannot_be_made_waits_says_why_and_runs_when_it_can()
    {
        await NeedEngineAsync();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var program = Path.Combine(harness.WorkDirectory, "podman-without-networks");
        Directory.CreateDirectory(harness.WorkDirectory);
        await File.WriteAllTextAsync(program, "#!/bin/sh\n[ \"$1 $2\" = \"network create\" ] && [ ! -e $0.open ] && { echo no more networks >&2; exit 125; }\nexec podman \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Use(harness);
        harness.Options.Containers.Program = program;
        var spec = new WorkloadSpec("lease-alone/web/0", "lease-alone", "web", 0, Image, ["/bin/busybox"], ["sh", "-c", "echo ready; exec busybox sleep 1000"], [], 100, 32 << 20, [], [], [], null, 8 << 20);
        gateway.Want(spec);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase is WorkloadPhase.Running or WorkloadPhase.BackOff, "it is tried");
        Assert.Equal((WorkloadPhase.BackOff, true), (gateway.Last(spec.Id)!.Phase, gateway.Last(spec.Id)!.Detail.Contains("no more networks", StringComparison.Ordinal)));
        Assert.Empty(await OutputAsync(Engine!.Program, "ps", "-a", "-q", "--filter", "label=depin.workload=" + spec.Id));

        await File.WriteAllTextAsync(program + ".open", "");
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase is WorkloadPhase.Running, "it runs");
        Assert.Single(await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "ready")), static l => l == "ready");
        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
    }
}

/// <summary>The same containers, of docker.</summary>
[Trait("Category", "NeedsDocker")]
public sealed class DockerWorkloadTests(DockerDaemon daemon) : ContainerWorkloadTests
{
    private protected override Task<(ContainerEngine? Engine, string Problem)> EngineAsync() => daemon.EngineAsync();

    /// <summary>Docker has addresses for some thirty networks; a node with more leases than that must still keep its tenants apart.</summary>
    [Fact]
    public async Task Leases_beyond_what_docker_has_addresses_for_have_networks_of_their_own()
    {
        await NeedEngineAsync();
        var fillers = new List<string>();
        for (var made = true; made && fillers.Count < 100;)
        {
            made = (await Engine!.RunAsync(["network", "create", $"filler-{fillers.Count}"], default)).Ok;
            fillers.Add($"filler-{fillers.Count}");
        }

        try
        {
            await using var gateway = await TestGateway.StartAsync();
            await using var harness = new AgentHarness(gateway);
            Use(harness);
            // Two subnets for the two leases: what one has taken the other finds taken.
            harness.Options.Containers.NetworkPool = "10.201.7.0/25";
            WorkloadSpec[] specs = [.. Enumerable.Range(0, 2).Select(i => new WorkloadSpec($"lease-net{i}/web/0", $"lease-net{i}", "web", 0, Image, ["/bin/busybox"], ["sleep", "1000"], [], 100, 32 << 20, [], [], [], null, 8 << 20))];
            gateway.Want(specs);
            harness.Start();
            var networks = new List<string>();
            foreach (var spec in specs)
            {
                await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase is WorkloadPhase.Running or WorkloadPhase.BackOff, "it runs");
                var id = await OutputAsync(Engine!.Program, "ps", "-q", "--filter", "label=depin.workload=" + spec.Id);
                networks.Add(await OutputAsync(Engine.Program, "inspect", "--format", "{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{$n.Gateway}};{{end}}", id));
            }

            Assert.All(networks, static n => Assert.StartsWith("depin-", n, StringComparison.Ordinal));
            Assert.Equal(["10.201.7.1", "10.201.7.65"], networks.Select(static n => n.Split(' ', ';')[1]).Order(StringComparer.Ordinal));
            gateway.Want();
            await Wait.UntilAsync(() => specs.All(s => gateway.Last(s.Id)?.Phase == WorkloadPhase.Stopped), "stopped");
        }
        finally
        {
            await Engine!.RunAsync(["network", "rm", .. fillers], default);
        }
    }
}

/// <summary>What a workload becomes on an engine's command line.</summary>
public sealed class ContainerArgumentTests
{
    [Fact]
    public void Subnets_of_leases_lie_in_the_pool_and_begin_at_a_place_of_each_leases_own()
    {
        var pool = IPNetwork.Parse("10.201.0.0/16");
        var mine = LeaseSubnets.For("lease-a", pool).ToArray();
        Assert.Equal(64, mine.Distinct().Count());
        Assert.All(mine, s => Assert.True(pool.Contains(s.BaseAddress) && s.PrefixLength == 26));
        Assert.Equal(mine, LeaseSubnets.For("lease-a", pool));
        Assert.InRange(Enumerable.Range(0, 50).Select(i => LeaseSubnets.For($"lease-{i}", pool).First()).Distinct().Count(), 40, 50);
        Assert.Equal(["10.0.0.0/26", "10.0.0.64/26"], LeaseSubnets.For("lease-a", IPNetwork.Parse("10.0.0.0/25")).Select(static s => s.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Gpus_storage_and_memory_become_the_engines_own_words()
    {
        var spec = new WorkloadSpec(
            "l/s/0", "l", "s", 0, "img:1", ["run", "me"], ["x"], [], 1_500, 1 << 30, ["GPU-a", "GPU-b"], [new PortBinding(53, 30_053, "UDP"), new PortBinding(5432, 30_054, "tcp", Local: true)],
            [new VolumeMount("shm", "ram", false, 4_096, "/dev/shm", false)], null, 5 << 20);
        var folder = Directory.CreateTempSubdirectory("depin-c-").FullName;
        using var variables = ContainerVariables.Write(spec, Path.Combine(folder, "e"));
        var docker = ContainerArguments.Run(spec, "n", "a", "f", "net", variables, [("/h", "/m", true)], podman: false, limitStorage: true, 1_000, new Options.ContainerOptions());
        var podman = ContainerArguments.Run(spec, "n", "a", "f", null, variables, [], podman: true, limitStorage: false, 1_000, new Options.ContainerOptions());
        var line = string.Join(' ', docker);
        Assert.Contains("--gpus \"device=GPU-a,GPU-b\"", line, StringComparison.Ordinal);
        Assert.Contains("--cpus 1.5 --memory 1073741824 --memory-swap 1073741824 --storage-opt size=5242880", line, StringComparison.Ordinal);
        Assert.Contains("--publish 0.0.0.0:30053:53/udp --publish 127.0.0.1:30054:5432/tcp --volume /h:/m:ro --tmpfs /dev/shm:size=4096 --network net --network-alias s --entrypoint run img:1 me x", line, StringComparison.Ordinal);
        Assert.Contains("--log-driver json-file --log-opt max-size=1000", line, StringComparison.Ordinal);
        Assert.Contains("--device nvidia.com/gpu=GPU-a --device nvidia.com/gpu=GPU-b", string.Join(' ', podman), StringComparison.Ordinal);
        Assert.Contains("DEPIN_LEASE=l\n", File.ReadAllText(variables.File), StringComparison.Ordinal);
    }
}
