using System.Collections.Immutable;
using System.Diagnostics;
using DepinGrains.Gateway.Network;
using DepinGrains.LocalRuntime;

namespace DepinGrains.Gateway.Hosting;

/// <summary>The one process there is on Local: this one.</summary>
internal sealed class RuntimeSilos(LocalGrainRuntime grains) : ISilos
{
    public string Runtime => "Local";

    public Task<ImmutableArray<SiloCounts>> ListAsync(CancellationToken cancel)
    {
        using var process = Process.GetCurrentProcess();
        var counts = GrainCount.Of(grains.ActivationsByClass().Select(static c => (c.Key.FullName!, (long)c.Value)));
        return Task.FromResult<ImmutableArray<SiloCounts>>(
            [new(Environment.MachineName, "local", "active", process.StartTime.ToUniversalTime(), null, null, Environment.WorkingSet, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, counts)]);
    }
}
