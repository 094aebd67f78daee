using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Deployments;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>One provider with its nodes and its pool of addresses (null: it leases none), as last read.</summary>
public sealed record IndexedProvider(ProviderState State, ImmutableArray<NodeView> Nodes, AddressPoolState? Addresses)
{
    private ScreenedProvider? _screened;

    /// <summary>In the rules' form, without its addresses.</summary>
    public ScreenedProvider Screened => _screened ??= new ScreenedProvider(
        State.Id,
        State.Profile,
        State.Signatures,
        State.Maintenance,
        State.Score,
        [.. Nodes.Select(static n => new ScreenedNode(n.Id, n.Status, n.Free, NodeRules.Of(n.Overcommit), n.Hardware.Executors))],
        null,
        State.Profile.ReclaimWindowSeconds,
        State.Profile.Scale);
}

/// <summary>
/// The providers and nodes of the network in memory, built from rows at start and kept by reading rows changed since: each reading costs what has changed, not what there is. One per process, advisory: a node's own book decides. Orders do not wait for a
/// reading that is only a little late: it goes on beside them.
/// </summary>
public sealed class MarketIndex(IRowStore store, NetworkClock clock, IOptions<ScreeningOptions> options)
{
    private const int PageSize = 1_000;

    /// <summary>How many times <see cref="ScreeningOptions.RefreshAfter"/> old the index may be while it is being read again.</summary>
    private const int LateMax = 5;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ProviderState> _providers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _providerOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<string, NodeView>> _nodes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _touched = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AddressPoolState> _pools = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Expiring> _expiring = new(StringComparer.Ordinal);
    private MarketSnapshot _snapshot = MarketSnapshot.Empty;
    private readonly Dictionary<(string Kind, string Key), long> _versions = [];
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private DateTimeOffset _overlapped = DateTimeOffset.MinValue;
    private Task? _reading;
    private Task? _next;

    /// <summary>The time the index goes by.</summary>
    public DateTimeOffset Now => clock.Now;

    /// <summary>Every provider that is not deleted, with its nodes, by id.</summary>
    public async Task<MarketSnapshot> SnapshotAsync()
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
            if (age >= TimeSpan.Zero && age <= options.Value.RefreshAfter * LateMax && !reading.IsFaulted)
            {
                return _snapshot;
            }
        }

        await reading;
        return _snapshot;
    }

    /// <summary>The same, with everything in it that was acknowledged before the call; calls that come at once share a reading.</summary>
    public async Task<MarketSnapshot> FreshAsync()
    {
        Task reading;
        lock (_gate)
        {
            // One under way may have begun too early: wait for one that begins after it.
            reading = _reading is not { IsCompleted: false } underway ? _reading = ReadAsync()
                : _next is { IsCompleted: false } next ? next
                : _next = AfterAsync(underway);
        }

        await reading;
        return _snapshot;
    }

    private async Task AfterAsync(Task underway)
    {
        // However it ends.
        await Task.WhenAny(underway);
        Task reading;
        lock (_gate)
        {
            _next = null;
            reading = _reading is { IsCompleted: false } begun ? begun : _reading = ReadAsync();
        }

        await reading;
    }

    private async Task ReadAsync()
    {
        var started = clock.Now;
        var since = Since(started);
        await foreach (var row in ChangedAsync(ProviderState.Kind.Table.Kind, since))
        {
            var provider = RowKind<ProviderState>.Read(row);
            _providers[provider.Id] = provider;
            _touched.Add(provider.Id);
        }

        await foreach (var row in ChangedAsync(NodeRows.Node.Table.Kind, since))
        {
            Keep(RowKind<NodeState>.Read(row), row.Version, started);
        }

        await foreach (var row in ChangedAsync(AddressPoolState.Kind.Table.Kind, since))
        {
            var pool = RowKind<AddressPoolState>.Read(row);
            _pools[pool.Provider] = pool;
            _touched.Add(pool.Provider);
        }

        // A booking that expires changes no row: its room is free again all the same.
        foreach (var due in _expiring.Values.Where(e => e.At <= started).ToArray())
        {
            Keep(due.Node, due.Version, started);
        }

        // What a reading that broke off had touched is still in there.
        var next = _snapshot.With([.. _touched.Select(id => (id, Indexed(id)))]);
        _touched.Clear();
        lock (_gate)
        {
            _snapshot = next;
            _readAt = started;
        }
    }

    private IndexedProvider? Indexed(string id) => _providers.GetValueOrDefault(id) is { Deleted: false } provider
        ? new IndexedProvider(provider, [.. _nodes.GetValueOrDefault(id)?.Values ?? Enumerable.Empty<NodeView>()], _pools.GetValueOrDefault(id))
        : null;

    /// <summary>
    /// From when on rows are read again, Unix milliseconds: the whole overlap once in a while, for what came in very late; a tenth of it otherwise, or each reading under load would read what half a
    /// minute of orders has moved.
    /// </summary>
    private long Since(DateTimeOffset now)
    {
        if (_readAt == DateTimeOffset.MinValue)
        {
            _overlapped = now;
            return 0;
        }

        var overlap = options.Value.Overlap;
        var whole = now < _readAt || now - _overlapped >= overlap / 3;
        if (whole)
        {
            _overlapped = now;
        }

        return ((now < _readAt ? now : _readAt) - NodeRows.BookingPrecision - (whole ? overlap : overlap / 10)).ToUnixTimeMilliseconds();
    }

    private void Keep(NodeState node, long version, DateTimeOffset now)
    {
        if (_providerOf.GetValueOrDefault(node.Id) is { } before && before != node.Provider)
        {
            _nodes[before].Remove(node.Id);
            _touched.Add(before);
        }

        if (!_nodes.TryGetValue(node.Provider, out var nodes))
        {
            _nodes[node.Provider] = nodes = new SortedDictionary<string, NodeView>(StringComparer.Ordinal);
        }

        nodes[node.Id] = NodeRules.RowView(node, version, now);
        _providerOf[node.Id] = node.Provider;
        _touched.Add(node.Provider);
        _expiring.Remove(node.Id);
        if ((node.OldBookings ?? node.Reserved).Where(b => b.Lease is null && b.ReservedUntil > now).Select(static b => (DateTimeOffset?)b.ReservedUntil).Min() is { } next)
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
                // Within the overlap most rows stand as they were read last.
                if (_versions.GetValueOrDefault((kind, row.Id.Key)) != row.Version)
                {
                    _versions[(kind, row.Id.Key)] = row.Version;
                    yield return row;
                }
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    private sealed record Expiring(NodeState Node, long Version, DateTimeOffset At);
}
