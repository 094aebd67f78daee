using DepinGrains.ServiceDefaults.Health;
using Orleans.Runtime;

namespace DepinGrains.Silo.Hosting;

/// <summary>Ready while the others count this silo as one of them. A rolling update waits for it before it takes the next one away.</summary>
internal sealed class SiloReadiness(IServiceProvider services) : IReadiness
{
    public string? NotReady => services.GetRequiredService<ISiloStatusOracle>().CurrentStatus is var status && status == SiloStatus.Active ? null : $"silo is {status}";
}
