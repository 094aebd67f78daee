using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>One provider with its nodes and its pool of addresses (null: it leases none), as last read.</summary>
public sealed record IndexedProvider(ProviderState State, ImmutableArray<NodeView> Nodes, AddressPoolState? Addresses);

/// <summary>
/// The providers and nodes of the network in memory, rebuilt from rows at start and kept by reading rows changed since. One per process, advisory: a node's own book decides.
/// </summary>
public sealed class MarketIndex(IRowStore store, NetworkClock clock, IOptions<ScreeningOptions> options)
{
    private const int PageSize = 1_000;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ProviderState> _providers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, NodeView> _nodes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, AddressPoolState> _pools = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Expiring> _expiring = new(StringComparer.Ordinal);
    private ImmutableArray<IndexedProvider> _snapshot = [];
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private Task? _reading;

    /// <summary>The time the index goes by.</summary>
    public DateTimeOffset Now => clock.Now;

    /// <summary>Every provider that is not deleted, with its nodes, by id.</summary>
    public async Task<ImmutableArray<IndexedProvider>> SnapshotAsync()
    {
        Task reading;
        lock (_gate)
        {
            // A clock that was set back makes what was read of unknown age.
            var age = clock.Now - _readAt;
            if (age >= TimeSpan.Zero && age <= options.Value.RefreshAfter)
            {
                return _snapshot;
            }

            // A read over a store that answers at once is over when it returns: only one that is under way is shared.
            reading = _reading is { IsCompleted: false } underway ? underway : _reading = ReadAsync();
        }

        await reading;
        return _snapshot;
    }

    private async Task ReadAsync()
    {
        var started = clock.Now;
        var since = _readAt == DateTimeOffset.MinValue ? 0 : ((started < _readAt ? started : _readAt) - options.Value.Overlap).ToUnixTimeMilliseconds();
        var changed = false;
        await foreach (var row in ChangedAsync(ProviderState.Kind.Table.Kind, since))
        {
            changed = true;
            var provider = RowKind<ProviderState>.Read(row);
            _providers[provider.Id] = provider;
        }

        await foreach (var row in ChangedAsync(NodeRows.Node.Table.Kind, since))
        {
            changed = true;
            Keep(RowKind<NodeState>.Read(row), row.Version, started);
        }

        await foreach (var row in ChangedAsync(AddressPoolState.Kind.Table.Kind, since))
        {
            changed = true;
            var pool = RowKind<AddressPoolState>.Read(row);
            _pools[pool.Provider] = pool;
        }

        // A booking that expires changes no row: its room is free again all the same.
        foreach (var due in _expiring.Values.Where(e => e.At <= started).ToArray())
        {
            changed = true;
            Keep(due.Node, due.Version, started);
        }

        lock (_gate)
        {
            if (changed)
            {
                var nodes = _nodes.Values.ToLookup(static n => n.Provider);
                _snapshot = [.. _providers.Values.Where(static p => !p.Deleted).Select(p => new IndexedProvider(p, [.. nodes[p.Id]], _pools.GetValueOrDefault(p.Id)))];
            }

            _readAt = started;
        }
    }

    private void Keep(NodeState node, long version, DateTimeOffset now)
    {
        _nodes[node.Id] = NodeRules.View(node, version, now);
        _expiring.Remove(node.Id);
        if (node.Bookings.Where(b => b.Lease is null && b.ReservedUntil > now).Select(static b => (DateTimeOffset?)b.ReservedUntil).Min() is { } next)
        {
            _expiring[node.Id] = new Expiring(node, version, next);
        }
    }

    private async IAsyncEnumerable<StoredRow> ChangedAsync(string kind, long sinceMs)
    {
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(new ListQuery(kind, [new Filter("updated_ms", Comparison.GreaterOrEqual, sinceMs)], "updated_ms", false, PageSize, cursor));
            foreach (var row in page.Rows)
            {
                yield return row;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private sealed record Expiring(NodeState Node, long Version, DateTimeOffset At);
}
