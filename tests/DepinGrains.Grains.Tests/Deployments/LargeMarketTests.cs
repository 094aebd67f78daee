using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
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

    [Fact]
    public async Task An_order_for_anybody_gets_the_offers_that_a_look_at_everyone_would_find()
    {
        var rows = new ManyRows();
        for (var i = 0; i < 2_000; i++)
        {
            // Some of the cheapest have no room, some are in maintenance, some bid by themselves.
            var price = string.Create(CultureInfo.InvariantCulture, $"{1 + (i * 7_919 % 1_000)}.5");
            var provider = Provider(i) with { Score = i % 3, Maintenance = i % 10 == 9 };
            rows.Write(ProviderState.Kind, Name(i), provider with { Profile = provider.Profile with { Pricing = i % 10 == 8 ? null : UsdPricing.Default with { CpuUsd = price } } }, _time.GetUtcNow());
            rows.Write(NodeRows.Node, Name(i) + "_0", Node(i, 0, i % 7 == 0 ? NodeStatus.Offline : NodeStatus.Online), _time.GetUtcNow());
        }

        var everyone = await ScreenAsync(rows, new ScreeningOptions { WholeMarketMax = 1_000_000 });
        var few = await ScreenAsync(rows, new ScreeningOptions { OffersMax = 60 });
        Assert.Equal(everyone.Offers.Take(60).Select(static o => (o.Provider, o.Price, o.Nodes.Single().Node)), few.Offers.Select(static o => (o.Provider, o.Price, o.Nodes.Single().Node)));
        Assert.Equal((2_000, true), (few.Considered, few.ExternalBidders));
        Assert.True(everyone.ExternalBidders);
        Assert.Equal("200", Count(everyone, "provider.maintenance"));
        Assert.Equal("200", Count(few, "provider.maintenance"));
        Assert.Equal("200", Count(few, "provider.bids_itself"));

        // Whoever could have bid, had room been looked for: the reason is the price.
        var outpriced = 2_000 - 200 - 200 - 60 - int.Parse(Count(few, "provider.no_nodes"), CultureInfo.InvariantCulture);
        Assert.Equal(outpriced.ToString(CultureInfo.InvariantCulture), Count(few, ScreeningVerdicts.OutpricedRule));
        var why = few.Verdicts.First(static v => v.Rule == ScreeningVerdicts.OutpricedRule);
        Assert.Equal($"at most {few.Offers[^1].Price}", why.Wanted);
        Assert.True(Rate.Parse(why.Had) >= few.Offers[^1].Price);
        Assert.InRange(few.Verdicts.Length, 20, 100);
    }

    private static string Count(ScreeningOutcome outcome, string rule) => outcome.Counts.Single(c => c.Name == rule).Value;

    private async Task<ScreeningOutcome> ScreenAsync(ManyRows rows, ScreeningOptions options)
    {
        var tokens = new TokenCatalog(Options.Create(new TokenListOptions()));
        var clock = new NetworkClock(Options.Create(new NetworkOptions()), _time);
        var index = new MarketIndex(rows, clock, Options.Create(options));
        var screening = new Grains.Deployments.Screening.OrderScreening(index, tokens, new PriceReader(rows, tokens, new NetworkParameters(rows, clock, Options.Create(new ParameterOptions())), Options.Create(new OracleOptions())), Options.Create(options));
        Assert.True(UnitPrice.TryCreate("uact", "1000000", out var most));
        var unit = new ResourceUnit(new UnitResources(1, 1_000, [], 1L << 30, [], 0, [], [new SpecEndpoint(EndpointKind.RandomPort, 0)]), 1, most!);
        var group = new GroupSpec("g", new PlacementRequirements([], new SignedBy([], [])), [unit]);
        return await screening.ScreenAsync(new ScreeningRequest("order", "id_tenant", group, [new PlannedSlot(1, Samples.Slot())], "uact", Rate.OfWhole(1_000_000), 0));
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
