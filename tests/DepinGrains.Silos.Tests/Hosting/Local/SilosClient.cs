using System.Net;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Hosting;

/// <summary>Where Orleans' packages do not restore there are no silos; every test that would ask is skipped before.</summary>
internal sealed class SilosClient : IAsyncDisposable
{
    private readonly PlatformNotSupportedException _why = new("needs Microsoft.Orleans");

    public static Task<SilosClient> StartAsync(SiloNetwork network) => Task.FromException<SilosClient>(new SilosClient()._why);

    public ILedgerGrain Ledger(string token) => throw _why;

    public Task<IPEndPoint> HomeOfLedgerAsync(string token) => Task.FromException<IPEndPoint>(_why);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
