using System.Net;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Hosting;

/// <summary>Where Orleans' packages do not restore there are no silos; every test that would ask is skipped before.</summary>
internal sealed class SilosClient : IAsyncDisposable
{
    private static readonly PlatformNotSupportedException Why = new("needs Microsoft.Orleans");

    public static Task<SilosClient> StartAsync(SiloNetwork network) => Task.FromException<SilosClient>(Why);

    public ILedgerGrain Ledger(string token) => throw Why;

    public Task<IPEndPoint> HomeOfLedgerAsync(string token) => Task.FromException<IPEndPoint>(Why);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
