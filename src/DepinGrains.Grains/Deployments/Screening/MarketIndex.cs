using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>One provider with its nodes, as last read.</summary>
public sealed record IndexedProvider(ProviderState State, ImmutableArray<NodeView> Nodes);

/// <summary>
/// The providers and nodes of the network in memory, rebuilt from rows at start and kept by reading rows changed since. One per process, advisory: a node's own book decides.
/// </summary>
public sealed class MarketIndex(IRowStore store, NetworkClock clock, IOptions<ScreeningOptions> options)
{
    private const int PageSize = 1_000;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ProviderState> _providers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, NodeView> _nodes = new(StringComparer.Ordinal);
    private ImmutableArray<IndexedProvider> _snapshot = [];
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;
    private Task? _reading;

    /// <summary>Every provider that is not deleted, with its nodes, by id.</summary>
    public async Task<ImmutableArray<IndexedProvider>> SnapshotAsync()
    {
        Task reading;
        lock (_gate)
        {
            if (clock.Now - _readAt <= options.Value.RefreshAfter)
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
        var since = _readAt == DateTimeOffset.MinValue ? 0 : (_readAt - options.Value.Overlap).ToUnixTimeMilliseconds();
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
            var node = RowKind<NodeState>.Read(row);
            _nodes[node.Id] = NodeRules.View(node, row.Version, started);
        }

        lock (_gate)
        {
            if (changed)
            {
                var nodes = _nodes.Values.ToLookup(static n => n.Provider);
                _snapshot = [.. _providers.Values.Where(static p => !p.Deleted).Select(p => new IndexedProvider(p, [.. nodes[p.Id]]))];
            }

            _readAt = started;
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
}
