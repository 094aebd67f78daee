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
}

/// <summary>The same containers, of docker.</summary>
[Trait("Category", "NeedsDocker")]
public sealed class DockerWorkloadTests(DockerDaemon daemon) : ContainerWorkloadTests
{
    private protected override Task<(ContainerEngine? Engine, string Problem)> EngineAsync() => daemon.EngineAsync();
}

/// <summary>What a workload becomes on an engine's command line.</summary>
public sealed class ContainerArgumentTests
{
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
