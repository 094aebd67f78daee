using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Leases;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Tests.Leases;

/// <summary>A lease in a list is the same from columns alone and from its document, as rows written before the columns were still are.</summary>
public sealed class LeaseSummaryTests
{
    private static readonly DateTimeOffset Opened = new(2026, 11, 22, 12, 0, 0, 123, TimeSpan.Zero);

    [Theory]
    [InlineData(LeaseStatus.Active)]
    [InlineData(LeaseStatus.Reclaiming)]
    [InlineData(LeaseStatus.InsufficientFunds)]
    [InlineData(LeaseStatus.Closed)]
    public void Columns_alone_show_what_the_document_does(LeaseStatus status)
    {
        var closed = status == LeaseStatus.Closed;
        var state = State(status, closed ? Opened.AddHours(1) : null, closed ? 10_003 : 0, closed ? "closed by the owner, 终" : "");
        Assert.Equal(LeaseSummary.Of(Row(state, withDocument: true)), LeaseSummary.Of(Row(state, withDocument: false)));
        Assert.Equal(new LeaseSummary("o/1/1/1/p", status, "o", "p", "1.25", "uact", Opened, state.ClosedAt, state.CloseReason, state.CloseDetail), LeaseSummary.Of(Row(state, withDocument: false)));
    }

    /// <param name="detail">~ stands for half a surrogate pair, which no attribute can hold.</param>
    /// <param name="shown">What the list shows.</param>
    [Theory]
    [InlineData("a\0b", "a\uFFFDb")]
    [InlineData("a~b", "a\uFFFDb")]
    [InlineData("plain 😀", "plain 😀")]
    public void Words_no_column_can_hold_are_shown_without_what_it_cannot(string detail, string shown) =>
        Assert.Equal(shown, LeaseSummary.Of(Row(State(LeaseStatus.Closed, Opened, 1, detail.Replace('~', '\uD83D')), withDocument: false)).CloseDetail);

    private static LeaseState State(LeaseStatus status, DateTimeOffset? closed, int reason, string detail)
    {
        var demand = new NodeDemand([new DemandSlot("web/0", 1_000, 1L << 29, 0, [], [new("ephemeral", 1L << 30)], 1)]);
        var booking = new NodeReservation("bid", "node_a", demand, [new SlotGrant("web/0", [], [30_000])], null, "o/1/1/1/p", "127.0.0.1");
        return new LeaseState(new LeaseTerms("deployments", "o", "p", "o/1", "uact", "1.25", [booking], 0, Opened), status, [], null, closed, reason, detail, Released: false);
    }

    private static StoredRow Row(LeaseState state, bool withDocument) =>
        new(RowId.Root("lease", "o/1/1/1/p"), 1, LeaseState.Kind.Columns(state), withDocument ? RowJson.Write(state) : default);
}
