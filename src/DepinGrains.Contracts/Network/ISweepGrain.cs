namespace DepinGrains.Contracts.Network;

/// <summary>Visits what is due: deployments whose next action has come, leases of nodes that went offline. Key = shard number.</summary>
[Alias("depin.sweep.grain")]
public interface ISweepGrain : IGrainWithIntegerKey
{
    /// <summary>Starts the shard's reminder and timer; hosts call it at start. Doing it again is harmless.</summary>
    [Alias("wake")]
    Task WakeAsync();

    /// <summary>One round now; answers how many things were visited.</summary>
    [Alias("sweep")]
    Task<int> SweepAsync();
}
