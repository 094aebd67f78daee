using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>100,000 nodes are ordinary: a change costs what it changes, and an order looks at those who may have what it asks for.</summary>
public sealed class LargeMarketTests
{
    private const int Providers = 10_000;
    private const int NodesEach = 10;

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Of_a_hundred_thousand_nodes_one_changes_and_all_the_rest_is_shared()
    {
        var rows = new ManyRows();
        for (var i = 0; i < Providers; i++)
        {
            rows.Write(ProviderState.Kind, Name(i), Provider(i), _time.GetUtcNow());
            for (var n = 0; n < NodesEach; n++)
            {
                rows.Write(NodeRows.Node, $"{Name(i)}_{n}", Node(i, n, NodeStatus.Online), _time.GetUtcNow());
            }
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        var options = Options.Create(new ScreeningOptions { RefreshAfter = TimeSpan.FromTicks(-1), Overlap = TimeSpan.FromSeconds(1) });
        var index = new MarketIndex(rows, new NetworkClock(Options.Create(new NetworkOptions()), _time), options);
        var before = await index.SnapshotAsync();
        Assert.Equal((Providers, Providers * NodesEach), (before.Count, before.Providers.Sum(static p => p.Nodes.Length)));
        Assert.Equal(Providers / 100, Region(before).Count);
        Assert.Equal(Providers / 1_000, Owners(before, "vendor/nvidia/model/a100")!.Count);
        Assert.Equal(Providers / 1_000, Owners(before, "vendor/nvidia/model/*")!.Count);
        Assert.Empty(Owners(before, "vendor/amd/model/*")!);
        Assert.Null(before.Owning([Samples.Slot()]));

        _time.Advance(TimeSpan.FromMinutes(1));
        rows.Listed = 0;
        rows.Write(NodeRows.Node, Name(4_711) + "_3", Node(4_711, 3, NodeStatus.Offline), _time.GetUtcNow());
        var after = await index.SnapshotAsync();
        Assert.Equal(1, rows.Listed);
        var changed = after.Providers.Where(p => !ReferenceEquals(p, before.Find(p.State.Id))).ToArray();
        Assert.Equal(Name(4_711), Assert.Single(changed).State.Id);
        Assert.Equal(NodeStatus.Offline, changed[0].Nodes[3].Status);
        Assert.Same(Region(before), Region(after));

        // Nothing changed: the same snapshot. A provider that leaves is nowhere any more.
        Assert.Same(after, await index.SnapshotAsync());
        _time.Advance(TimeSpan.FromMinutes(1));
        rows.Write(ProviderState.Kind, Name(7), Provider(7) with { Deleted = true }, _time.GetUtcNow());
        var left = await index.SnapshotAsync();
        Assert.Equal((Providers - 1, (Providers / 100) - 1), (left.Count, Region(left).Count));
        Assert.Null(left.Find(Name(7)));
        Assert.Equal(Providers, before.Count);
    }

    private static ImmutableSortedSet<string> Region(MarketSnapshot market) => market.Declaring([new Fact("region", "r7")])!;

    private static ImmutableSortedSet<string>? Owners(MarketSnapshot market, string card) => market.Owning([Samples.Slot(gpus: 1, gpu: [card])]);

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"id_{i:D6}");

    private ProviderState Provider(int i) =>
        new(Name(i), new ProviderProfile("p", [new Fact("region", string.Create(CultureInfo.InvariantCulture, $"r{i % 100}"))], UsdPricing.Default, ""), false, false, [], 0, [], _time.GetUtcNow(), _time.GetUtcNow());

    /// <summary>One provider in a thousand owns a card.</summary>
    private NodeState Node(int i, int n, NodeStatus status) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{Name(i)}_{n}"),
        Provider = Name(i),
        PublicKey = "key",
        Region = "eu",
        Host = "127.0.0.1",
        Hardware = Samples.Hardware(gpus: i % 1_000 == 1 && n == 0 ? 1 : 0),
        Liveness = status,
        JoinedAt = _time.GetUtcNow(),
        LastSeenAt = _time.GetUtcNow(),
    };

    /// <summary>Rows by kind and key, listed by when they were written: what the index reads.</summary>
    private sealed class ManyRows : IRowStore
    {
        private readonly Dictionary<string, Dictionary<string, (StoredRow Row, long At)>> _rows = new(StringComparer.Ordinal);

        public int Listed { get; set; }

        public void Write<TState>(RowKind<TState> kind, string key, TState state, DateTimeOffset at)
            where TState : RowDocument
        {
            var rows = _rows.GetValueOrDefault(kind.Table.Kind) ?? (_rows[kind.Table.Kind] = new(StringComparer.Ordinal));
            var version = rows.TryGetValue(key, out var known) ? known.Row.Version + 1 : 1;
            rows[key] = (new StoredRow(RowId.Root(kind.Table.Kind, key), version, kind.Columns(state), RowJson.Write(state)), at.ToUnixTimeMilliseconds());
        }

        public Task<RowPage> ListAsync(ListQuery query, CancellationToken cancel = default)
        {
            var since = (long)query.Filters.Single().Value!;
            ImmutableArray<StoredRow> found = [.. (_rows.GetValueOrDefault(query.Kind) ?? []).Values.Where(r => r.At >= since).Select(static r => r.Row)];
            Listed += found.Length;
            return Task.FromResult(new RowPage(found, null));
        }

        public ValueTask<CommitOutcome> CommitAsync(ChangeSet changes) => throw new NotSupportedException();

        public Task<StoredRow?> ReadAsync(RowId id, CancellationToken cancel = default) => throw new NotSupportedException();

        public Task<StoredOperation?> ReadOperationAsync(RowId root, string operationId, CancellationToken cancel = default) => throw new NotSupportedException();

        public Task<ImmutableArray<StoredRow>> ReadChildrenAsync(string kind, string parent, string? afterKey, int limit, CancellationToken cancel = default) => throw new NotSupportedException();

        public Task<ImmutableArray<(object? Value, long Count)>> CountByAsync(string kind, string column, ImmutableArray<Filter> filters, CancellationToken cancel = default) => throw new NotSupportedException();

        public Task<ImmutableArray<GroupSums>> SumByAsync(string kind, ImmutableArray<string> by, ImmutableArray<string> sums, ImmutableArray<Filter> filters, CancellationToken cancel = default) => throw new NotSupportedException();
    }
}
