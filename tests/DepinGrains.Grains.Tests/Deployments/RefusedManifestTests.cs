using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Images that a node cannot run and manifests that it cannot take: said before anybody pays, and never the start of a loop.</summary>
public sealed class RefusedManifestTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task A_container_goes_to_no_node_without_an_engine_and_why_says_so()
    {
        await _r.AddProviderAsync("p", "1.60");
        (await _r.Node("p").ConnectAsync("boot", Samples.Hardware() with { Executors = ["native"] })).Require();
        await _r.DeployAsync();
        await _r.AuctionAsync();
        Assert.Null((await _r.GroupAsync()).Order.LeaseId);
        var why = (await _r.Deployment.WhyAsync(1, 1)).Require();
        var verdict = Assert.Single(why.Verdicts, static v => v.Rule == "node.executor_missing");
        Assert.Equal((_r.NodeId("p"), "container", "native"), (verdict.Node, verdict.Wanted, verdict.Had));

        // Whoever bids by itself is told the same.
        var bidder = await _r.AddProviderAsync("q", null);
        (await _r.Node("q").ConnectAsync("boot", Samples.Hardware() with { Executors = ["native"] })).Require();
        Assert.Equal("inventory.insufficient_capacity", (await _r.Deployment.BidAsync(_r.NewOperation(), MarketRegion.Bid(bidder))).Refusal!.Code);
    }

    [Fact]
    public async Task An_update_keeps_its_kind_of_image_and_the_room_that_was_booked_for_it()
    {
        await _r.LeasedAsync();
        var native = (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, _r.Sdl(image: "native:depin-hello"))).Refusal!;
        Assert.Equal(("deployment.resources_changed", "here.web/0.executor"), (native.Code, native.Facts.First(static f => f.Name == "field").Value));
        var larger = (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, Env(5_000))).Refusal!;
        Assert.Equal(("deployment.resources_changed", "here.web/0.manifest bytes"), (larger.Code, larger.Facts.First(static f => f.Name == "field").Value));
        (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, Env(100))).Require();
        Assert.Equal(LeaseStatus.Active, (await _r.LeaseAsync()).Status);
        Assert.Single((await _r.Node("p").GetDesiredStateAsync()).Workloads[0].Env);
    }

    [Fact]
    public async Task A_manifest_that_no_node_could_be_told_is_refused_and_one_that_does_not_fit_any_more_is_screened()
    {
        await _r.AddProviderAsync("p", "1.60");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var refused = (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, Env(100_000, 8), 1_000_000, WinnerRule.Lowest))).Refusal!;
        Assert.Equal("deployment.manifest_too_large", refused.Code);
        await _r.DeployAsync(Env(100_000, 5));
        await _r.AuctionAsync();
        Assert.Equal(5, (await _r.LeaseAsync()).Workloads.Length);

        var other = _r.Other(2);
        (await other.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, Env(100_000, 5), 1_000_000, WinnerRule.Lowest))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(12));
        await other.TickAsync();
        Assert.Null((await other.GetAsync()).Require().Groups[0].Order.LeaseId);
        Assert.Contains((await other.WhyAsync(1, 1)).Require().Verdicts, v => v.Rule == "node.workload_room" && v.Node == _r.NodeId("p"));
    }

    [Fact]
    public async Task What_bookings_of_older_versions_run_takes_room_too_and_costs_neither_the_tenant_nor_the_provider_anything()
    {
        var provider = await _r.AddProviderAsync("p", "1.60");
        // As bookings of older versions are: without room for what they run.
        (await _r.Node("p").ReserveAsync("old", Samples.Demand(), market.Time.GetUtcNow().AddMinutes(2))).Require();
        var old = Samples.Workload((await _r.Node("p").ConfirmAsync("old", "old")).Require());
        (await _r.Node("p").SetWorkloadsAsync("old", [old with { Env = ["A=" + new string('x', 890_000)] }])).Require();
        await _r.DeployAsync(Env(20_000));
        await _r.AuctionAsync();
        await _r.PassAsync(TimeSpan.FromMinutes(1));

        var group = await _r.GroupAsync();
        Assert.Equal((GroupStatus.Open, 1, OrderStatus.Open), (group.Status, group.Order.Oseq, group.Order.Status));
        Assert.Contains((await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts, static v => v.Rule == "node.workload_room");
        Assert.Equal(LeaseCloseParty.Network, LeaseCloseReasons.PartyOf(LeaseCloseReasons.ManifestRefused));
        Assert.Equal(0, (await market.Grains.GetGrain<IProviderGrain>(provider).GetAsync()).Require().Score);
    }

    [Fact]
    public async Task A_node_that_refuses_a_manifest_of_a_lease_that_stands_ends_it_in_nobodys_name_and_the_group_waits_for_its_owner()
    {
        // A market of its own: a second silo takes it over.
        await using var own = new Market();
        await own.InitializeAsync();
        var r = own.NewRegion();
        var provider = await r.LeasedAsync();
        var lease = (await r.GroupAsync()).Order.LeaseId!;

        // The node's book of record has less room for this lease than its owner was sold, as a backup or another version may leave it; a silo that loads it goes by that.
        var book = new GrainRow<NodeState>(own.Store, NodeRows.Node, r.NodeId("p"), static () => { });
        await book.LoadAsync(default);
        var booking = Assert.Single((await own.Store.ReadChildrenAsync(NodeBookRows.Kind.Table.Kind, r.NodeId("p"), null, 10)).Select(RowKind<NodeBookingRow>.Read), b => b.Booking?.Lease == lease).Booking!;
        var narrow = booking with { Demand = booking.Demand with { Slots = [.. booking.Demand.Slots.Select(static s => s with { WorkloadBytes = 1 })] } };
        Assert.Null(await book.CommitAsync(book.Value!, new Changes().With(NodeBookRows.Kind.Child(r.NodeId("p"), booking.Id, new NodeBookingRow(narrow, null)))));
        await using var second = await own.SecondAsync();
        var deployment = second.Grains.GetGrain<IDeploymentGrain>(r.Key);
        await MarketRegion.AgainAsync(async () => await deployment.UpdateAsync("refused-update", r.Tenant, r.Sdl(image: "nginx:1.25\n    env:\n      - A=x")));
        await deployment.TickAsync();

        var group = (await deployment.GetAsync()).Require().Groups[0];
        Assert.Equal((GroupStatus.Paused, OrderStatus.Closed, 1), (group.Status, group.Order.Status, group.Order.Oseq));
        Assert.Contains("manifest bytes", group.Order.Problem?.Detail, StringComparison.Ordinal);
        var ended = (await second.Grains.GetGrain<ILeaseGrain>(lease).GetAsync()).Require();
        Assert.Equal((LeaseStatus.Closed, LeaseCloseReasons.ManifestRefused), (ended.Status, ended.CloseReason));
        Assert.Equal(0, (await second.Grains.GetGrain<IProviderGrain>(provider).GetAsync()).Require().Score);

        // No loop: however long it waits, nothing is ordered again until the owner says so, and the node is free.
        own.Time.Advance(TimeSpan.FromMinutes(10));
        await deployment.TickAsync();
        Assert.Equal((GroupStatus.Paused, 1), ((await deployment.GetAsync()).Require().Groups[0] is var later ? (later.Status, later.Order.Oseq) : default));
        Assert.DoesNotContain(await own.Store.ReadChildrenAsync(NodeBookRows.Kind.Table.Kind, r.NodeId("p"), null, 10), static row => RowKind<NodeBookingRow>.Read(row).Booking is not null);
    }

    [Fact]
    public async Task After_a_lease_of_less_than_a_block_the_next_order_is_screened_a_period_later()
    {
        await _r.AddProviderAsync("p", "1.60");
        await _r.DeployAsync();

        // Decided at once, here or by the deployment itself: no time passes until the node is lost.
        await _r.Deployment.TickAsync();
        Assert.NotNull((await _r.GroupAsync()).Order.LeaseId);
        await LoseNodeAsync();
        await _r.Deployment.TickAsync();
        var order = (await _r.GroupAsync()).Order;
        Assert.Equal((2, OrderStatus.Open), (order.Oseq, order.Status));
        Assert.Equal("order.not_screened", (await _r.Deployment.WhyAsync(1, 2)).Refusal!.Code);
        Assert.NotNull((await _r.PassAsync(TimeSpan.FromSeconds(15))).Groups[0].Order.LeaseId);

        // After one that lived it is looked at at once; the node was still away.
        market.Time.Advance(TimeSpan.FromSeconds(6));
        await LoseNodeAsync();
        Assert.Contains((await _r.Deployment.WhyAsync(1, 3)).Require().Verdicts, static v => v.Rule == "node.not_online");
    }

    [Theory]
    [InlineData("1A=x", "manifest.bad_env_name")]
    [InlineData("A B=x", "manifest.bad_env_name")]
    public async Task What_a_provider_would_not_take_is_refused_before_it_is_ordered(string env, string code)
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var sdl = _r.Sdl(image: $"nginx:1.25\n    env:\n      - \"{env}\"");
        Assert.Equal(code, (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, sdl, 1_000_000, WinnerRule.Lowest))).Refusal!.Code);
        await _r.LeasedAsync();
        Assert.Equal(code, (await _r.Deployment.UpdateAsync(_r.NewOperation(), _r.Tenant, sdl)).Refusal!.Code);
    }

    [Fact]
    public async Task A_service_whose_name_is_none_is_refused_before_it_is_ordered()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var sdl = _r.Sdl().Replace("web:", "we_b:", StringComparison.Ordinal).Replace("profile: web", "profile: we_b", StringComparison.Ordinal);
        Assert.Equal("manifest.bad_service_name", (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, sdl, 1_000_000, WinnerRule.Lowest))).Refusal!.Code);
    }

    /// <summary>The node is away for a moment, long enough for its lease to end.</summary>
    private async Task LoseNodeAsync()
    {
        var session = (await _r.Node("p").ConnectAsync("again", Samples.Hardware())).Require().Session;
        (await _r.Node("p").MarkOfflineAsync(session, market.Time.GetUtcNow())).Require();
        (await _r.Deployment.NodeLostAsync((await _r.GroupAsync()).Order.LeaseId!, _r.NodeId("p"))).Require();
        (await _r.Node("p").ConnectAsync("back", Samples.Hardware())).Require();
    }

    private string Env(int letters, int replicas = 1) => _r.Sdl(image: $"nginx:1.25\n    env:\n      - \"A={new string('x', letters)}\"").Replace("count: 1", $"count: {replicas}", StringComparison.Ordinal);
}
