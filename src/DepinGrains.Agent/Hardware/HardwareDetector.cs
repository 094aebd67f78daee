using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Hardware;

/// <summary>Finds what this machine, or the container the agent runs in, may use. What is absent is left out; nothing here fails.</summary>
internal sealed class HardwareDetector(AgentOptions options, StorageBook book, TimeProvider clock)
{
    /// <summary>Takes stock.</summary>
    /// <param name="executors">Names of the executors that work here.</param>
    public async Task<HardwareInventory> DetectAsync(ImmutableArray<string> executors, CancellationToken cancellationToken)
    {
        var resources = options.Resources;
        var (model, cores, memory) = await ProcessorAsync(cancellationToken);
        var gpus = resources.DetectGpus ? await new NvidiaDetector(clock).DetectAsync(cancellationToken) : [];
        if (resources.DetectGpus && OperatingSystem.IsMacOS() && RuntimeInformation.OSArchitecture == Architecture.Arm64)
        {
            // Apple Silicon: one GPU that shares the machine's memory.
            gpus = gpus.Add(new GpuDevice("apple", GpuModels.Compact(model), memory, "unified", "0", model));
        }

        return new HardwareInventory(
            model,
            RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
            Offer(cores, resources.ReservedCpuMilli, resources.MaxCpuMilli),
            Offer(memory, resources.ReservedMemoryBytes, resources.MaxMemoryBytes),
            Storage(),
            gpus,
            RuntimeInformation.OSDescription,
            resources.PortMin,
            resources.PortMax,
            executors);
    }

    private async Task<(string Model, long CpuMilli, long MemoryBytes)> ProcessorAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsLinux())
        {
            var linux = new LinuxMachine("/proc", "/sys/fs/cgroup");
            return (linux.CpuModel(), linux.CpuMilli(Environment.ProcessorCount), linux.MemoryBytes());
        }

        var fallback = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (OperatingSystem.IsMacOS())
        {
            var model = await SysctlAsync("machdep.cpu.brand_string", cancellationToken);
            var cores = await SysctlAsync("hw.ncpu", cancellationToken);
            var memory = await SysctlAsync("hw.memsize", cancellationToken);
            return MacMachine.Parse(model, cores, memory, Environment.ProcessorCount, fallback);
        }

        return (Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unknown", Environment.ProcessorCount * 1_000L, fallback);
    }

    private async Task<string> SysctlAsync(string name, CancellationToken cancellationToken) =>
        (await CommandRunner.RunAsync("sysctl", ["-n", name], TimeSpan.FromSeconds(5), clock, cancellationToken)).Output.Trim();

    private ImmutableArray<StorageClassCapacity> Storage()
    {
        var resources = options.Resources;
        var storage = ImmutableArray.CreateBuilder<StorageClassCapacity>();
        var volumes = new VolumeStore(new AgentPaths(options.WorkDirectory), resources);
        var ephemeral = book.Room("ephemeral", options.WorkDirectory, volumes.RootOf("ephemeral"));
        storage.Add(new StorageClassCapacity("ephemeral", Offer(ephemeral, resources.ReservedStorageBytes, resources.MaxStorageBytes)));
        foreach (var (storageClass, path) in resources.StorageClasses.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            storage.Add(new StorageClassCapacity(storageClass, book.Room(storageClass, path, volumes.RootOf(storageClass))));
        }

        return storage.ToImmutable();
    }

    private static long Offer(long found, long reserved, long max) => Math.Max(0, Math.Min(found - reserved, max == 0 ? long.MaxValue : max));
}
