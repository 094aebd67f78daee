using System.Collections.Concurrent;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Miners from the subnets' own lists of who announced an axon; each list is kept for <see cref="ServingOptions.MetagraphAge"/>, then asked for changes. One question at a time per subnet.</summary>
public sealed class SubnetMinerDirectory(IGrainFactory grains, IOptions<ServingOptions> options, TimeProvider time) : IMinerDirectory
{
    private const int SubnetsMax = 1_024;
    private readonly ConcurrentDictionary<int, Entry> _entries = new();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Miner>?> FindAsync(int netuid, CancellationToken cancel)
    {
        var known = _entries.GetValueOrDefault(netuid);
        if (known is not null && time.GetElapsedTime(known.AskedAt) < options.Value.MetagraphAge)
        {
            return (await known.Answer.Value.WaitAsync(cancel)).Miners;
        }

        if (_entries.Count >= SubnetsMax)
        {
            _entries.Clear();
        }

        var asked = new Entry(time.GetTimestamp(), new Lazy<Task<Servers>>(() => AskAsync(netuid, known)));
        var kept = known is null ? _entries.GetOrAdd(netuid, asked) : _entries.TryUpdate(netuid, asked, known) || !_entries.TryGetValue(netuid, out var other) ? asked : other;
        try
        {
            return (await kept.Answer.Value.WaitAsync(cancel)).Miners;
        }
        catch when (!cancel.IsCancellationRequested)
        {
            // A failed question must not be remembered as an answer.
            _entries.TryRemove(KeyValuePair.Create(netuid, kept));
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<int>> ListAsync(CancellationToken cancel) =>
        [.. (await grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry).ListAsync().WaitAsync(cancel)).Select(static s => s.Netuid)];

    private async Task<Servers> AskAsync(int netuid, Entry? known)
    {
        var before = known is { Answer: { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } task } } ? await task : new Servers(-1, null);
        var servers = await grains.GetGrain<ISubnetGrain>(netuid).GetServersAsync(before.Version);
        return !servers.IsOk && servers.Refusal is not null ? new Servers(-1, null)
            : servers.Value is { } list ? new Servers(list.Version, [.. list.Servers.Where(IsMiner).Select(s => ToMiner(netuid, s))])
            : before;
    }

    /// <summary>
    /// Validators announce axons too; what validates and earned nothing as a miner is not asked. A permit alone does not make a validator: in a small subnet all have one, newcomers that mine included. Whoever is
    /// behind an agent's tunnel cannot be reached from here.
    /// </summary>
    private static bool IsMiner(SubnetServer server) => (server.Dividends == 0 || server.Incentive > 0) && server.Axon.Node is null;

    private static Miner ToMiner(int netuid, SubnetServer server) =>
        new(netuid, server.Uid, server.Hotkey, LedgerAccounts.Wallet(server.Coldkey), server.Axon.Endpoint.TrimEnd('/'), server.Incentive, server.RegisteredAt);

    private sealed record Servers(long Version, IReadOnlyList<Miner>? Miners);

    private sealed record Entry(long AskedAt, Lazy<Task<Servers>> Answer);
}
