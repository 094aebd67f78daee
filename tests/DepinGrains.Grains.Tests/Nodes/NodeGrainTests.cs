using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>The node grain over a real store: bookings are all or nothing and never over-committed, sessions fence, secrets stay sealed, and all of it survives a restart.</summary>
public sealed class NodeGrainTests(NodeGrainTests.Fixture fixture) : IClassFixture<NodeGrainTests.Fixture>
{
    private static int _next;

    private readonly NodeCluster _cluster = fixture.Cluster;

    private DateTimeOffset Soon => _cluster.Time.GetUtcNow().AddMinutes(2);

    [Fact]
    public async Task A_node_joins_connects_and_is_listed_from_its_row()
    {
        var node = NewNode(out var id);
        Assert.Equal("node.not_found", (await node.GetAsync()).Refusal!.Code);

        var joined = (await node.JoinAsync("op", Samples.Registration())).Require();
        Assert.Equal(NodeStatus.Joining, joined.Status);
        var session = (await node.ConnectAsync("boot", Samples.Hardware())).Require();
        Assert.Equal(1, session.Session);
        Assert.Equal(NodeStatus.Online, (await node.GetAsync()).Require().Status);

        var row = (await _cluster.Rows.ReadAsync(RowId.Root("node", id)))!;
        Assert.Equal("online", row.Columns[1]);
        Assert.Equal(8_000L, row.Columns[4]);
        Assert.Equal(["node.joined", "node.online"], await _cluster.EventsAsync($"node/{id}"));
    }

    [Fact]
    public async Task Joining_again_answers_the_same_node_but_not_for_another_key_or_provider()
    {
        var node = NewNode(out _);
        var first = (await node.JoinAsync("op", Samples.Registration())).Require();
        var again = (await node.JoinAsync("op", Samples.Registration())).Require();
        Assert.Equal(first.Version, again.Version);
        Assert.Equal("node.key_mismatch", (await node.JoinAsync("op2", Samples.Registration(key: "other"))).Refusal!.Code);
        Assert.Equal("node.owned_by_another", (await node.JoinAsync("op2", Samples.Registration(provider: "id_other"))).Refusal!.Code);
    }

    [Fact]
    public async Task Reservations_count_at_once_and_name_what_is_short()
    {
        var node = await OnlineAsync(Samples.Hardware(cpu: 2_000, ports: 3));
        (await node.ReserveAsync("r1", Samples.Demand(Samples.Slot(cpu: 1_500)), Soon)).Require();
        Assert.Equal(500, (await node.GetAsync()).Require().Free.CpuMilli);

        var refused = (await node.ReserveAsync("r2", Samples.Demand(Samples.Slot(cpu: 501)), Soon)).Refusal!;
        Assert.Equal("node.insufficient_cpu", refused.Code);
        Assert.Equal(["cpu", "501", "500"], refused.Facts.Select(f => f.Value));
        (await node.ReserveAsync("r2", Samples.Demand(Samples.Slot(cpu: 500)), Soon)).Require();
        Assert.Equal("node.insufficient_ports", (await node.ReserveAsync("r3", Samples.Demand(Samples.Slot(cpu: 0, ports: 2)), Soon)).Refusal!.Code);
    }

    [Fact]
    public async Task Two_reservations_never_share_a_card_or_a_port()
    {
        var node = await OnlineAsync(Samples.Hardware(gpus: 2));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => node.ReserveAsync($"r{i}", Samples.Demand(Samples.Slot(gpus: 1, gpu: ["vendor/nvidia/model/a100/ram/80Gi"])), Soon)));
        var granted = answers.Where(a => a.IsOk).Select(a => a.Value!.Grants[0]).ToArray();
        Assert.Equal(2, granted.Length);
        Assert.Equal(2, granted.SelectMany(g => g.GpuUuids).Distinct().Count());
        Assert.Equal(2, granted.SelectMany(g => g.HostPorts).Distinct().Count());
        Assert.Equal("node.insufficient_gpu", (await node.ReserveAsync("h100", Samples.Demand(Samples.Slot(gpus: 1, gpu: ["vendor/nvidia/model/h100"])), Soon)).Refusal!.Code);
    }

    [Fact]
    public async Task Two_markets_that_ask_for_the_last_card_at_once_never_both_get_it_and_a_restart_keeps_whose_it_is()
    {
        var folder = Directory.CreateTempSubdirectory("depin-cards-").FullName;
        try
        {
            string?[] cards = [];
            await using (var first = await NodeCluster.StartAsync(folder))
            {
                var node = first.Node("node_cards");
                (await node.JoinAsync("op", Samples.Registration())).Require();
                (await node.ConnectAsync("boot", Samples.Hardware(gpus: 2))).Require();
                var soon = first.Time.GetUtcNow().AddMinutes(2);
                var demand = Samples.Demand(Samples.Slot(gpus: 1, gpu: ["vendor/nvidia/model/a100"]));
                var answers = await Task.WhenAll(((string[])["bid/deployments", "frame/rendering", "gang/clusters"]).Select(id => node.ReserveAsync(id, demand, soon)));
                Assert.Equal(2, answers.Count(static a => a.IsOk));
                Assert.Equal("node.insufficient_gpu", answers.Single(static a => !a.IsOk).Refusal!.Code);
                foreach (var (won, i) in answers.Where(static a => a.IsOk).Select(static (a, i) => (a.Value!, i)))
                {
                    (await node.ConfirmAsync(won.Id, $"lease-{i}")).Require();
                }

                cards = [.. (await node.GetAsync()).Require().Reservations.OrderBy(static r => r.Lease, StringComparer.Ordinal).Select(static r => r.Grants[0].GpuUuids.Single())];
                Assert.Equal(2, cards.Distinct().Count());
            }

            await using var second = await NodeCluster.StartAsync(folder);
            var again = second.Node("node_cards");
            Assert.Equal(cards, (await again.GetAsync()).Require().Reservations.OrderBy(static r => r.Lease, StringComparer.Ordinal).Select(static r => r.Grants[0].GpuUuids.Single()));
            Assert.Equal("node.insufficient_gpu", (await again.ReserveAsync("late", Samples.Demand(Samples.Slot(gpus: 1)), second.Time.GetUtcNow().AddMinutes(2))).Refusal!.Code);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_card_is_booked_only_where_vendor_model_memory_and_interface_are_what_was_asked_for()
    {
        var node = await OnlineAsync(Samples.Hardware(gpus: 1));
        foreach (var wrong in (string[])["vendor/amd/model/a100", "vendor/nvidia/model/a100/ram/40Gi", "vendor/nvidia/model/a100/ram/80Gi/interface/sxm", "vendor/nvidia/model/t4"])
        {
            Assert.Equal("node.insufficient_gpu", (await node.ReserveAsync("x", Samples.Demand(Samples.Slot(gpus: 1, gpu: [wrong])), Soon)).Refusal!.Code);
        }

        (await node.ReserveAsync("x", Samples.Demand(Samples.Slot(gpus: 1, gpu: ["vendor/nvidia/model/a100/ram/80Gi/interface/pcie"])), Soon)).Require();
    }

    [Fact]
    public async Task An_agent_that_finds_more_and_then_less_than_is_booked_is_refused_and_its_bookings_stay()
    {
        var node = await OnlineAsync(Samples.Hardware(gpus: 1));
        (await node.ConnectAsync("more", Samples.Hardware(cpu: 64_000, gpus: 8))).Require();
        (await node.ReserveAsync("r", Samples.Demand(Samples.Slot(cpu: 32_000, gpus: 4)), Soon)).Require();
        (await node.ConfirmAsync("r", "lease")).Require();
        var refused = (await node.ConnectAsync("less", Samples.Hardware(gpus: 1))).Refusal!;
        Assert.Equal("node.hardware_below_bookings", refused.Code);
        Assert.Contains("32000", refused.Facts.Select(static f => f.Value));
        var view = (await node.GetAsync()).Require();
        Assert.Equal(4, view.Reservations.Single().Grants[0].GpuUuids.Length);
        Assert.Equal(8, view.Hardware.Gpus.Length);
    }

    [Fact]
    public async Task Overcommit_sells_more_than_there_is_and_cannot_sink_below_what_is_booked()
    {
        var node = await OnlineAsync(Samples.Hardware(cpu: 2_000));
        Assert.Equal("node.not_owner", (await node.SetOvercommitAsync("o", "id_other", new NodeOvercommit(100, 0, 0))).Refusal!.Code);
        Assert.Equal("node.overcommit_invalid", (await node.SetOvercommitAsync("o", "id_provider", new NodeOvercommit(1_001, 0, 0))).Refusal!.Code);
        Assert.Equal("node.insufficient_cpu", (await node.ReserveAsync("r", Samples.Demand(Samples.Slot(cpu: 3_000)), Soon)).Refusal!.Code);
        var set = (await node.SetOvercommitAsync("o2", "id_provider", new NodeOvercommit(50, 0, 0))).Require();
        Assert.Equal(set.Version, (await node.SetOvercommitAsync("o2", "id_provider", new NodeOvercommit(50, 0, 0))).Require().Version);
        (await node.ReserveAsync("r", Samples.Demand(Samples.Slot(cpu: 3_000)), Soon)).Require();
        Assert.Equal(0, (await node.GetAsync()).Require().Free.CpuMilli);
        var refused = (await node.SetOvercommitAsync("o3", "id_provider", default)).Refusal!;
        Assert.Equal("node.overcommit_below_bookings", refused.Code);
        Assert.Equal(["cpu", "3000", "2000"], refused.Facts.Select(static f => f.Value));
    }

    [Fact]
    public async Task The_same_reservation_id_answers_the_same_and_another_demand_under_it_is_refused()
    {
        var node = await OnlineAsync();
        var first = (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
        var again = (await node.ReserveAsync("r", Samples.Demand(), Soon.AddSeconds(9))).Require();
        Assert.Equal(first.ExpiresAt, again.ExpiresAt);
        Assert.Equal(first.Grants[0].HostPorts, again.Grants[0].HostPorts);
        Assert.Equal("node.reservation_conflict", (await node.ReserveAsync("r", Samples.Demand(Samples.Slot(cpu: 7)), Soon)).Refusal!.Code);
        Assert.Single((await node.GetAsync()).Require().Reservations);
    }

    [Fact]
    public async Task An_unconfirmed_reservation_expires_and_cannot_be_confirmed_any_more()
    {
        var node = await OnlineAsync(Samples.Hardware(cpu: 1_000));
        var expiry = Soon;
        (await node.ReserveAsync("r", Samples.Demand(), expiry)).Require();
        _cluster.Time.Advance(expiry - _cluster.Time.GetUtcNow());
        Assert.Equal(1_000, (await node.GetAsync()).Require().Free.CpuMilli);
        Assert.Equal("node.reservation_gone", (await node.ConfirmAsync("r", "lease")).Refusal!.Code);
        (await node.ReserveAsync("r2", Samples.Demand(), Soon)).Require();
        Assert.Equal("node.expiry_invalid", (await node.ReserveAsync("late", Samples.Demand(Samples.Slot(cpu: 0)), expiry)).Refusal!.Code);
    }

    [Fact]
    public async Task A_confirmed_booking_does_not_expire_and_belongs_to_one_lease()
    {
        var node = await OnlineAsync();
        (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
        Assert.Null((await node.ConfirmAsync("r", "lease-1")).Require().ExpiresAt);
        _cluster.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("lease-1", (await node.ConfirmAsync("r", "lease-1")).Require().Lease);
        Assert.Equal("node.reservation_leased", (await node.ConfirmAsync("r", "lease-2")).Refusal!.Code);
    }

    [Fact]
    public async Task A_released_reservation_is_not_booked_again_by_a_late_duplicate()
    {
        var node = await OnlineAsync();
        (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
        (await node.ReleaseAsync("r")).Require();
        (await node.ReleaseAsync("r")).Require();
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("r", Samples.Demand(), Soon)).Refusal!.Code);

        (await node.ReleaseAsync("never-seen")).Require();
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("never-seen", Samples.Demand(), Soon)).Refusal!.Code);
        Assert.Equal(8_000, (await node.GetAsync()).Require().Free.CpuMilli);
    }

    [Fact]
    public async Task Only_online_nodes_take_new_reservations()
    {
        var node = await OnlineAsync();
        (await node.DrainAsync("d1", "id_provider", true)).Require();
        var refused = (await node.ReserveAsync("r", Samples.Demand(), Soon)).Refusal!;
        Assert.Equal(("node.not_available", "draining"), (refused.Code, refused.Facts[1].Value));
        (await node.DrainAsync("d2", "id_provider", false)).Require();
        Assert.Equal(NodeStatus.Draining, (await node.DrainAsync("d1", "id_provider", true)).Require().Status);
        Assert.Equal(NodeStatus.Online, (await node.GetAsync()).Require().Status);
        (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
    }

    [Fact]
    public async Task Each_connection_gets_a_higher_session_and_only_the_newest_can_be_declared_dead()
    {
        var node = await OnlineAsync();
        Assert.Equal(2, (await node.ConnectAsync("boot-2", Samples.Hardware())).Require().Session);
        Assert.Equal("node.session_stale", (await node.MarkOfflineAsync(1, _cluster.Time.GetUtcNow())).Refusal!.Code);
        Assert.Equal(NodeStatus.Online, (await node.GetAsync()).Require().Status);

        (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
        (await node.ConfirmAsync("r", "lease-x")).Require();
        Assert.Equal(["lease-x"], (await node.MarkOfflineAsync(2, _cluster.Time.GetUtcNow())).Require());
        Assert.Equal(["lease-x"], (await node.MarkOfflineAsync(2, _cluster.Time.GetUtcNow())).Require());
        Assert.Equal(NodeStatus.Offline, (await node.GetAsync()).Require().Status);
        Assert.Equal(3, (await node.ConnectAsync("boot-3", Samples.Hardware())).Require().Session);
        Assert.Equal(NodeStatus.Online, (await node.GetAsync()).Require().Status);
    }

    [Fact]
    public async Task A_suspect_node_gets_nothing_new_until_its_beats_are_back()
    {
        var node = await OnlineAsync();
        (await node.MarkSuspectAsync(1, true, _cluster.Time.GetUtcNow())).Require();
        Assert.Equal("suspect", (await node.ReserveAsync("r", Samples.Demand(), Soon)).Refusal!.Facts[1].Value);
        (await node.MarkSuspectAsync(1, false, _cluster.Time.GetUtcNow())).Require();
        (await node.ReserveAsync("r", Samples.Demand(), Soon)).Require();
        Assert.Equal("node.session_stale", (await node.MarkSuspectAsync(0, true, _cluster.Time.GetUtcNow())).Refusal!.Code);
    }

    [Fact]
    public async Task Hardware_that_shrank_below_its_bookings_is_refused_once_in_the_log_and_growth_is_accepted()
    {
        var node = NewNode(out var id);
        await ConnectAsync(node, Samples.Hardware(cpu: 4_000, gpus: 2));
        (await node.ReserveAsync("r", Samples.Demand(Samples.Slot(cpu: 3_000, gpus: 1)), Soon)).Require();

        var refused = (await node.ConnectAsync("liar", Samples.Hardware(cpu: 2_999, gpus: 2))).Refusal!;
        Assert.Equal("node.hardware_below_bookings", refused.Code);
        Assert.Equal(["cpu", "3000", "2999"], refused.Facts.Select(f => f.Value));
        await node.ConnectAsync("liar", Samples.Hardware(cpu: 2_999, gpus: 2));
        Assert.Equal("node.hardware_below_bookings", (await node.ConnectAsync("liar", Samples.Hardware(cpu: 4_000, gpus: 0))).Refusal!.Code);
        Assert.Equal(2, (await _cluster.EventsAsync($"node/{id}")).Count(type => type == "node.hardware_refused"));

        var grown = (await node.ConnectAsync("honest", Samples.Hardware(cpu: 9_000, gpus: 2))).Require();
        Assert.Equal(2, grown.Session);
        Assert.Equal(6_000, (await node.GetAsync()).Require().Free.CpuMilli);
    }

    [Theory]
    [InlineData(-1, 1, "node.hardware_invalid")]
    [InlineData(long.MaxValue, 1, "node.hardware_invalid")]
    [InlineData(1, -5, "node.hardware_invalid")]
    public async Task Impossible_hardware_is_refused(long cpu, long memoryGi, string code) =>
        Assert.Equal(code, (await NewNode(out _).JoinAsync("op", Samples.Registration(Samples.Hardware(cpu: cpu, memoryGi: memoryGi)))).Refusal!.Code);

    [Fact]
    public async Task Text_that_cannot_be_stored_is_refused()
    {
        Assert.Equal("node.registration_invalid", (await NewNode(out _).JoinAsync("op", Samples.Registration() with { Region = "a\0b" })).Refusal!.Code);
        Assert.Equal("node.registration_invalid", (await NewNode(out _).JoinAsync("op", Samples.Registration() with { Host = "\ud800x" })).Refusal!.Code);
        Assert.Equal("node.hardware_invalid", (await NewNode(out _).JoinAsync("op", Samples.Registration(Samples.Hardware() with { Gpus = default }))).Refusal!.Code);
    }

    [Fact]
    public async Task Workloads_raise_the_generation_once_and_their_secrets_stand_nowhere_in_plain()
    {
        const string canary = "canary-5ecret-value";
        var node = NewNode(out var id);
        await ConnectAsync(node, Samples.Hardware());
        var booking = await BookAsync(node, "r", "o/1/1/1/p");
        var spec = Samples.Workload(booking, env: ["TOKEN=" + canary], credentials: new("registry.example", "user", canary));

        Assert.Equal(1, (await node.SetWorkloadsAsync("r", [spec])).Require());
        Assert.Equal(1, (await node.SetWorkloadsAsync("r", [spec])).Require());
        var desired = await node.GetDesiredStateAsync();
        Assert.Equal(1, desired.Generation);
        Assert.Equal(["TOKEN=" + canary], desired.Workloads[0].Env);
        Assert.Equal(canary, desired.Workloads[0].Credentials!.Password);

        var row = (await _cluster.Rows.ReadAsync(RowId.Root("node", id)))!;
        Assert.DoesNotContain(canary, Encoding.UTF8.GetString(row.Document.Span), StringComparison.Ordinal);
        var secret = Assert.Single(await _cluster.Rows.ReadChildrenAsync("node_secret", id, null, 10));
        Assert.DoesNotContain(canary, Encoding.Latin1.GetString(secret.Document.Span), StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(_cluster.Folder))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            Assert.Equal(-1, bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(canary)));
        }

        Assert.Equal(2, (await node.SetWorkloadsAsync("r", [spec with { Env = ["TOKEN=other"] }])).Require());
        Assert.Equal(3, (await node.SetWorkloadsAsync("r", [spec with { Env = [], Credentials = null }])).Require());
        Assert.Empty(await _cluster.Rows.ReadChildrenAsync("node_secret", id, null, 10));
        Assert.Equal(4, (await node.SetWorkloadsAsync("r", [spec])).Require());
        (await node.ReleaseAsync("r")).Require();
        Assert.Empty(await _cluster.Rows.ReadChildrenAsync("node_secret", id, null, 10));
        Assert.Equal((5, 0), ((await node.GetDesiredStateAsync()) is var d ? ((int)d.Generation, d.Workloads.Length) : default));
    }

    [Fact]
    public async Task Workloads_beyond_their_reservation_are_refused()
    {
        var node = await OnlineAsync(Samples.Hardware(gpus: 1));
        var booking = await BookAsync(node, "r", "lease");
        var spec = Samples.Workload(booking);
        Assert.Equal("cpu", (await node.SetWorkloadsAsync("r", [spec with { CpuMilli = 1_001 }])).Refusal!.Facts[0].Value);
        Assert.Equal("gpu", (await node.SetWorkloadsAsync("r", [spec with { GpuUuids = ["GPU-0"] }])).Refusal!.Facts[0].Value);
        Assert.Equal("ports", (await node.SetWorkloadsAsync("r", [spec with { Ports = [new(80, 31_999, "tcp")] }])).Refusal!.Facts[0].Value);
        Assert.Equal("node.workloads_too_large", (await node.SetWorkloadsAsync("r", [spec with { Env = ["A=" + new string('x', 1_000_000)] }])).Refusal!.Code);
        Assert.Equal("node.reservation_gone", (await node.SetWorkloadsAsync("other", [spec])).Refusal!.Code);
    }

    [Fact]
    public async Task A_lease_that_runs_nothing_is_still_held_and_its_end_is_news()
    {
        var node = await OnlineAsync();
        var spec = Samples.Workload(await BookAsync(node, "r", "lease"));
        await node.ReserveAsync("s", Samples.Demand(), Soon);
        (await node.SetWorkloadsAsync("r", [spec])).Require();
        (await node.SetWorkloadsAsync("r", [])).Require();
        var suspended = await node.GetDesiredStateAsync();
        Assert.Equal((2, 0, "lease"), (suspended.Generation, suspended.Workloads.Length, Assert.Single(suspended.Held)));
        (await node.ReleaseAsync("s")).Require();
        (await node.ReleaseAsync("r")).Require();
        var over = await node.GetDesiredStateAsync();
        Assert.Equal((3, 0), (over.Generation, over.Held.Length));
    }

    [Theory]
    [InlineData('x', 898_000)]
    [InlineData('<', 898_000)]
    [InlineData('+', 898_000)]
    [InlineData('中', 299_000)]
    public async Task What_a_node_takes_reaches_it_in_one_message_whatever_its_characters(char letter, int most)
    {
        var node = await OnlineAsync();
        var spec = Samples.Workload(await BookAsync(node, "r", "lease"));
        (await node.SetWorkloadsAsync("r", [spec with { Env = ["A=" + new string(letter, most)] }])).Require();
        var message = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes<GatewayMessage>(new GatewayDesiredState(await node.GetDesiredStateAsync()), AgentProtocolJson.Options);
        Assert.InRange(message.Length, most, AgentProtocol.MessageBytesMax);
        Assert.Equal("node.workloads_too_large", (await node.SetWorkloadsAsync("r", [spec with { Env = ["A=" + new string(letter, most + 2_000)] }])).Refusal!.Code);
    }

    [Fact]
    public async Task Room_for_the_manifest_and_an_executor_are_booked_like_memory()
    {
        var node = await OnlineAsync();
        var large = Samples.Slot() with { WorkloadBytes = 600_000, Executor = "container" };
        (await node.ReserveAsync("r", Samples.Demand(large), Soon)).Require();
        var booking = (await node.ConfirmAsync("r", "lease")).Require();
        Assert.Equal(300_000, (await node.GetAsync()).Require().Free.WorkloadBytes);
        var refused = (await node.ReserveAsync("s", Samples.Demand(large), Soon)).Refusal!;
        Assert.Equal(("node.workload_room", "600000", "300000"), (refused.Code, refused.Facts[1].Value, refused.Facts[2].Value));
        Assert.Equal("node.executor_missing", (await node.ReserveAsync("t", Samples.Demand(large with { WorkloadBytes = 0, Executor = "vm" }), Soon)).Refusal!.Code);
        var spec = Samples.Workload(booking);
        Assert.Equal("node.workloads_exceed_reservation", (await node.SetWorkloadsAsync("r", [spec with { Env = ["A=" + new string('x', 600_000)] }])).Refusal!.Code);

        // Who booked nothing of it cannot take what others booked.
        (await node.ReserveAsync("u", Samples.Demand(), Soon)).Require();
        spec = Samples.Workload((await node.ConfirmAsync("u", "other")).Require());
        Assert.Equal("node.workloads_too_large", (await node.SetWorkloadsAsync("u", [spec with { Env = ["A=" + new string('x', 300_000)] }])).Refusal!.Code);
        (await node.SetWorkloadsAsync("u", [spec with { Env = ["A=" + new string('x', 290_000)] }])).Require();
    }

    [Fact]
    public async Task A_retired_node_answers_its_leases_runs_nothing_and_never_comes_back()
    {
        var node = await OnlineAsync();
        var booking = await BookAsync(node, "r", "lease-9");
        (await node.SetWorkloadsAsync("r", [Samples.Workload(booking)])).Require();
        Assert.Equal("node.not_owner", (await node.RetireAsync("op0", "id_thief", "sold")).Refusal!.Code);
        Assert.Equal(["lease-9"], (await node.RetireAsync("op", "id_provider", "sold")).Require());
        Assert.Empty((await node.GetDesiredStateAsync()).Workloads);
        (await node.ReleaseAsync("r")).Require();
        Assert.Equal(["lease-9"], (await node.RetireAsync("op", "id_provider", "sold")).Require());
        Assert.Equal("request.id_reused", (await node.RetireAsync("op", "id_provider", "other")).Refusal!.Code);
        Assert.Equal("node.retired", (await node.ConnectAsync("b", Samples.Hardware())).Refusal!.Code);
        Assert.Equal("node.retired", (await node.JoinAsync("x", Samples.Registration())).Refusal!.Code);
    }

    [Fact]
    public async Task Bookings_sessions_and_workloads_survive_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("depin-node-restart-").FullName;
        ManualTime time;
        await using (var before = await NodeCluster.StartAsync(folder))
        {
            time = before.Time;
            var node = before.Node("node_restart");
            await ConnectAsync(node, Samples.Hardware());
            (await node.ReserveAsync("r", Samples.Demand(), time.GetUtcNow().AddMinutes(2))).Require();
            var booking = (await node.ConfirmAsync("r", "lease")).Require();
            (await node.SetWorkloadsAsync("r", [Samples.Workload(booking, env: ["A=1"])])).Require();
        }

        await using (var after = await NodeCluster.StartAsync(folder, time))
        {
            var node = after.Node("node_restart");
            Assert.Equal(["A=1"], (await node.GetDesiredStateAsync()).Workloads[0].Env);
            Assert.Equal(2, (await node.ConnectAsync("b", Samples.Hardware())).Require().Session);
            Assert.Equal(7_000, (await node.GetAsync()).Require().Free.CpuMilli);
        }

        Directory.Delete(folder, recursive: true);
    }

    private INodeGrain NewNode(out string id) => _cluster.Node(id = $"node_{Interlocked.Increment(ref _next)}");

    private async Task<INodeGrain> OnlineAsync(HardwareInventory? hardware = null)
    {
        var node = NewNode(out _);
        await ConnectAsync(node, hardware ?? Samples.Hardware());
        return node;
    }

    private async Task<NodeReservation> BookAsync(INodeGrain node, string id, string lease)
    {
        (await node.ReserveAsync(id, Samples.Demand(), Soon)).Require();
        return (await node.ConfirmAsync(id, lease)).Require();
    }

    private static async Task ConnectAsync(INodeGrain node, HardwareInventory hardware)
    {
        (await node.JoinAsync("op", Samples.Registration(hardware))).Require();
        (await node.ConnectAsync("boot", hardware)).Require();
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public NodeCluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await NodeCluster.StartAsync();

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
