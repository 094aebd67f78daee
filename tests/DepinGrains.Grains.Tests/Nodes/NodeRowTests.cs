using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Xunit;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>How a node's bookings stand in the store.</summary>
public sealed class NodeRowTests : IAsyncLifetime
{
    private const string Id = "node_rows";
    private static readonly RowId Row = RowId.Root(NodeRows.Node.Table.Kind, Id);
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-node-rows-").FullName;
    private NodeCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await NodeCluster.StartAsync(_folder);

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_row_of_a_node_does_not_grow_with_what_it_carries_and_still_says_what_is_free()
    {
        var node = await OnlineAsync();
        await BookAsync(node, "first");
        var small = (await RowAsync()).Document.Length;
        for (var i = 0; i < 12; i++)
        {
            await BookAsync(node, $"lease-{i}");
            await node.ReleaseAsync($"never-{i}");
        }

        (await node.ReserveAsync("waiting", Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(2))).Require();
        (await node.ReserveAsync("lapsing", Samples.Demand(Samples.Slot(gpus: 1)), _cluster.Time.GetUtcNow().AddSeconds(5))).Require();
        var row = await RowAsync();
        Assert.True(row.Document.Length < small + 1_500, $"grew from {small} to {row.Document.Length} bytes");
        await SaysTheSameAsync(node, row, reservations: 2);
        Assert.Empty(NodeRules.RowView(RowKind<NodeState>.Read(row), row.Version, _cluster.Time.GetUtcNow()).Free.Gpus);

        // What lapses is free again without a write, in the row as in the grain.
        _cluster.Time.Advance(TimeSpan.FromSeconds(6));
        await SaysTheSameAsync(node, row, reservations: 1);
        Assert.Single(NodeRules.RowView(RowKind<NodeState>.Read(row), row.Version, _cluster.Time.GetUtcNow()).Free.Gpus);
    }

    [Fact]
    public async Task A_further_booking_and_what_runs_in_it_move_no_column_of_an_index()
    {
        var node = await OnlineAsync();
        await BookAsync(node, "first");
        var before = Indexed(await RowAsync());
        var booking = await BookAsync(node, "second");
        (await node.SetWorkloadsAsync("second", [Samples.Workload(booking)])).Require();
        Assert.Equal(before, Indexed(await RowAsync()));

        static IEnumerable<string> Indexed(StoredRow row)
        {
            var table = NodeRows.Node.Table;
            return table.Indexes.SelectMany(static i => i.Columns).Distinct().Select(name => $"{name} {row.Columns[table.Columns.IndexOf(table.Columns.First(c => c.Name == name))]}");
        }
    }

    [Fact]
    public async Task A_passing_reservation_counts_at_once_and_is_nowhere_written_until_it_is_confirmed()
    {
        var node = await OnlineAsync();
        var before = (await RowAsync()).Version;
        (await node.ReserveAsync("winner", Samples.Demand(Samples.Slot(cpu: 40_000)), In2Minutes, passing: true)).Require();
        (await node.ReserveAsync("loser", Samples.Demand(), In2Minutes, passing: true)).Require();
        Assert.Equal("node.insufficient_cpu", (await node.ReserveAsync("more", Samples.Demand(Samples.Slot(cpu: 30_000)), In2Minutes)).Refusal!.Code);
        Assert.Equal(before, (await RowAsync()).Version);

        (await node.ConfirmAsync("winner", "lease")).Require();
        var row = await RowAsync();
        Assert.Equal(before + 1, row.Version);
        Assert.Equal(24_000, NodeRules.RowView(RowKind<NodeState>.Read(row), row.Version, _cluster.Time.GetUtcNow()).Free.CpuMilli);
        Assert.Contains(24_000L, row.Columns);
        await RestartAsync();
        Assert.Equal("lease", Assert.Single((await _cluster.Node(Id).GetAsync()).Require().Reservations).Lease);
    }

    [Fact]
    public async Task A_passing_reservation_given_back_for_good_stays_used_up_over_a_restart_and_one_that_only_lost_until_then()
    {
        var node = await OnlineAsync();
        foreach (var id in (string[])["tried", "lost", "booked"])
        {
            (await node.ReserveAsync(id, Samples.Demand(), In2Minutes, passing: true)).Require();
        }

        await node.ConfirmAsync("booked", "lease");
        await node.ReleaseAsync("tried");
        await node.ReleaseAsync("lost", passing: true);
        await node.ReleaseAsync("booked", passing: true);
        Assert.Equal(64_000, (await node.GetAsync()).Require().Free.CpuMilli);
        foreach (var id in (string[])["tried", "lost", "booked"])
        {
            Assert.Equal("node.reservation_released", (await node.ReserveAsync(id, Samples.Demand(), In2Minutes, passing: true)).Refusal!.Code);
        }

        await RestartAsync();
        node = _cluster.Node(Id);
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("tried", Samples.Demand(), In2Minutes)).Refusal!.Code);
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("booked", Samples.Demand(), In2Minutes)).Refusal!.Code);
        Assert.Empty((await node.GetAsync()).Require().Reservations);
    }

    [Fact]
    public async Task A_passing_reservation_asked_for_again_to_stay_is_written()
    {
        var node = await OnlineAsync();
        var first = (await node.ReserveAsync("r", Samples.Demand(), In2Minutes, passing: true)).Require();
        (await node.ReserveAsync("r", Samples.Demand(), In2Minutes)).Require();
        await RestartAsync();
        var kept = Assert.Single((await _cluster.Node(Id).GetAsync()).Require().Reservations);
        Assert.Equal(first.Grants.SelectMany(static g => g.HostPorts), kept.Grants.SelectMany(static g => g.HostPorts));
    }

    [Fact]
    public async Task A_row_of_an_older_version_keeps_its_bookings_and_the_ids_it_gave_back()
    {
        var node = await OnlineAsync();
        var kept = await BookAsync(node, "kept");
        var open = (await node.ReserveAsync("open", Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(2))).Require();
        await node.ReleaseAsync("back");
        var whole = await NodeBookRows.WholeAsync(_cluster.Rows, await RowAsync(), CancellationToken.None);
        await _cluster.DisposeAsync();

        // As rows were until now: all of it in the document, no child rows.
        _cluster = await NodeCluster.StartAsync(_folder);
        var old = JsonNode.Parse((await RowAsync()).Document.Span)!.AsObject();
        old.Remove("reserved");
        old.Remove("confirmed");
        old["bookings"] = JsonSerializer.SerializeToNode(whole.Bookings, RowJson.Options);
        old["released"] = JsonSerializer.SerializeToNode(whole.Released, RowJson.Options);
        var row = await RowAsync();
        var children = (await _cluster.Rows.ReadChildrenAsync("node_booking", Id, null, 10)).Select(static c => new ChildWrite(c.Id, [], null));
        await _cluster.Rows.CommitAsync(new ChangeSet(new RootWrite(Row, row.Version, row.Columns, JsonSerializer.SerializeToUtf8Bytes(old)), [.. children], [], []));
        Assert.Equal(2, NodeRules.RowView(RowKind<NodeState>.Read(await RowAsync()), 1, _cluster.Time.GetUtcNow()).Reservations.Length);

        node = _cluster.Node(Id);
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("back", Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(2))).Refusal!.Code);
        (await node.ConfirmAsync("open", "lease-open")).Require();
        await _cluster.DisposeAsync();

        _cluster = await NodeCluster.StartAsync(_folder);
        node = _cluster.Node(Id);
        var view = (await node.GetAsync()).Require();
        Assert.Equal(["kept:lease-kept", "open:lease-open"], view.Reservations.Select(static r => $"{r.Id}:{r.Lease}").Order(StringComparer.Ordinal));
        Assert.Equal(
            kept.Grants.Concat(open.Grants).SelectMany(static g => g.HostPorts).Order(), view.Reservations.SelectMany(static r => r.Grants).SelectMany(static g => g.HostPorts).Order());
        Assert.Equal("node.reservation_released", (await node.ReserveAsync("back", Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(2))).Refusal!.Code);
    }

    private DateTimeOffset In2Minutes => _cluster.Time.GetUtcNow().AddMinutes(2);

    private async Task RestartAsync()
    {
        var time = _cluster.Time;
        await _cluster.DisposeAsync();
        _cluster = await NodeCluster.StartAsync(_folder, time);
    }

    private async Task SaysTheSameAsync(INodeGrain node, StoredRow row, int reservations)
    {
        var view = (await node.GetAsync()).Require();
        var listed = NodeRules.RowView(RowKind<NodeState>.Read(row), row.Version, _cluster.Time.GetUtcNow());
        Assert.Equal(JsonSerializer.Serialize(view.Free), JsonSerializer.Serialize(listed.Free));
        Assert.Equal(reservations, listed.Reservations.Length);
        Assert.Equal(view.Reservations.Length, listed.Reservations.Length + RowKind<NodeState>.Read(row).Confirmed!.Count);
    }

    private async Task<INodeGrain> OnlineAsync()
    {
        var node = _cluster.Node(Id);
        (await node.JoinAsync("op", Samples.Registration())).Require();
        (await node.ConnectAsync("boot", Samples.Hardware(cpu: 64_000, memoryGi: 64, gpus: 1))).Require();
        return node;
    }

    private async Task<NodeReservation> BookAsync(INodeGrain node, string id)
    {
        (await node.ReserveAsync(id, Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(2))).Require();
        return (await node.ConfirmAsync(id, "lease-" + id)).Require();
    }

    private async Task<StoredRow> RowAsync() => await _cluster.Rows.ReadAsync(Row) ?? throw new InvalidOperationException("no row");
}
