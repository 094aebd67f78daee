using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Leases;
using DepinGrains.Domain.Leases;

namespace DepinGrains.Domain.Tests.Leases;

public sealed class LeaseTests
{
    private static readonly DateTimeOffset T0 = DateTimeOffset.UnixEpoch;
    private static readonly LeaseStanding Free = new(LeaseStatus.Active, 0, null, 0);
    private static readonly LeaseStanding Windowed = new(LeaseStatus.Active, 3_600, null, 0);

    [Fact]
    public void Reasons_AreAkashsNumbersInThreeRanges()
    {
        var reasons = DeploymentVectors.Read("params.json").GetProperty("lease_close_reasons");
        foreach (var reason in reasons.EnumerateObject().Where(r => r.Value.ValueKind == JsonValueKind.String && r.Name != "0"))
        {
            Assert.Equal(reason.Value.GetString(), LeaseCloseReasons.NameOf(int.Parse(reason.Name, CultureInfo.InvariantCulture)));
        }

        foreach (var range in reasons.GetProperty("ranges").EnumerateObject())
        {
            Assert.All(range.Value.EnumerateArray(), bound => Assert.Equal(range.Name, LeaseCloseReasons.PartyOf(bound.GetInt32())?.ToString().ToLowerInvariant()));
        }

        Assert.Null(LeaseCloseReasons.PartyOf(-1));
        Assert.Null(LeaseCloseReasons.PartyOf(30_000));
    }

    [Theory]
    [InlineData(LeaseTrigger.TenantClose, 10_000)]
    [InlineData(LeaseTrigger.TenantClose, 0)]
    [InlineData(LeaseTrigger.ProviderClose, 1)]
    [InlineData(LeaseTrigger.ProviderClose, 20_000)]
    [InlineData(LeaseTrigger.NetworkClose, 10_000)]
    public void Close_WithSomebodyElsesReason_IsRefused(LeaseTrigger trigger, int reason) =>
        Assert.Equal("lease.reason_invalid", LeaseTransitions.Apply(Free, trigger, T0, reason).Refusal?.Code);

    [Fact]
    public void CloseReason_IsKept_AlsoWhenClosedAgain()
    {
        var closed = LeaseTransitions.Apply(Free, LeaseTrigger.ProviderClose, T0, LeaseCloseReasons.Decommission).Require();

        var again = LeaseTransitions.Apply(closed, LeaseTrigger.TenantClose, T0, LeaseCloseReasons.Owner).Require();

        Assert.Equal(LeaseCloseReasons.Decommission, again.CloseReason);
        Assert.Equal("lease.closed", LeaseTransitions.Apply(closed, LeaseTrigger.Rescued, T0).Refusal?.Code);
    }

    [Fact]
    public void Reclamation_AnnounceWaitClose()
    {
        Assert.Equal("lease.no_reclaim_window", LeaseTransitions.Apply(Free, LeaseTrigger.StartReclaim, T0).Refusal?.Code);
        Assert.Equal("lease.reclaim_not_started", Close(Windowed, T0));

        var reclaiming = LeaseTransitions.Apply(Windowed, LeaseTrigger.StartReclaim, T0).Require();
        Assert.Equal((LeaseStatus.Reclaiming, T0.AddHours(1)), (reclaiming.Status, reclaiming.ReclaimAt));
        Assert.Equal(reclaiming, LeaseTransitions.Apply(reclaiming, LeaseTrigger.StartReclaim, T0.AddMinutes(30)).Require());
        Assert.Equal("lease.reclaim_window_not_elapsed", Close(reclaiming, T0.AddMinutes(59)));
        Assert.Null(Close(reclaiming, T0.AddHours(1)));
        Assert.True(LeaseTransitions.Apply(reclaiming, LeaseTrigger.TenantClose, T0, LeaseCloseReasons.Owner).IsOk);
    }

    [Fact]
    public void RunOut_PausesBypassesTheWindowAndARescueGoesOnWhereItWas()
    {
        var reclaiming = LeaseTransitions.Apply(Windowed, LeaseTrigger.StartReclaim, T0).Require();
        var dry = LeaseTransitions.Apply(reclaiming, LeaseTrigger.RanOut, T0).Require();

        Assert.Equal(LeaseStatus.InsufficientFunds, dry.Status);
        Assert.Null(Close(dry, T0));
        Assert.Equal(reclaiming, LeaseTransitions.Apply(dry, LeaseTrigger.Rescued, T0.AddMinutes(5)).Require());
        Assert.Equal(LeaseCloseReasons.InsufficientFunds, LeaseTransitions.Apply(dry, LeaseTrigger.NetworkClose, T0, LeaseCloseReasons.InsufficientFunds).Require().CloseReason);
        Assert.Equal(LeaseStatus.Active, LeaseTransitions.Apply(LeaseTransitions.Apply(Free, LeaseTrigger.RanOut, T0).Require(), LeaseTrigger.Rescued, T0).Require().Status);
        Assert.Equal("lease.transition_refused", LeaseTransitions.Apply(Free, LeaseTrigger.Rescued, T0).Refusal?.Code);
    }

    [Fact]
    public void NodeLost_EndsItWithAProvidersReasonWhateverTheWindow() =>
        Assert.Equal(LeaseCloseReasons.Unstable, LeaseTransitions.Apply(Windowed, LeaseTrigger.NodeLost, T0, LeaseCloseReasons.Unstable).Require().CloseReason);

    [Fact]
    public void Statistics_CountActiveLeasesPerDayAndQuarterByClass()
    {
        DateTimeOffset At(string day) => DateTimeOffset.Parse(day + "T12:00:00Z", CultureInfo.InvariantCulture);
        LeaseLife[] leases = [new("gpu/a100", At("2026-09-29"), At("2026-10-01")), new("gpu/a100", At("2026-10-01"), null), new("cpu/small", At("2026-09-30"), At("2026-09-30")), new("cpu/small", At("2026-12-01"), null)];

        var days = LeaseStatistics.ByDay(leases, new DateOnly(2026, 9, 30), new DateOnly(2026, 10, 2), At("2026-10-02"));
        var quarters = LeaseStatistics.ByQuarter(leases, new DateOnly(2026, 9, 30), new DateOnly(2026, 10, 2), At("2026-10-02"));

        Assert.Equal(
            [("2026-09-30", "cpu/small", 1L), ("2026-09-30", "gpu/a100", 1L), ("2026-10-01", "gpu/a100", 2L), ("2026-10-02", "gpu/a100", 1L)],
            days.Select(d => (d.Period, d.ResourceClass, d.Active)));
        Assert.Equal([("2026-Q3", "cpu/small", 1L), ("2026-Q3", "gpu/a100", 1L), ("2026-Q4", "gpu/a100", 2L)], quarters.Select(q => (q.Period, q.ResourceClass, q.Active)));
        Assert.Equal(new DateOnly(2026, 10, 1), quarters[^1].Start);
    }

    [Theory]
    [InlineData(2_000, 4L << 30, 0, "", "cpu/small")]
    [InlineData(2_001, 4L << 30, 0, "", "cpu/medium")]
    [InlineData(1_000, 33L << 30, 0, "", "cpu/large")]
    [InlineData(1_000, 1, 2, "h100", "gpu/h100")]
    public void ResourceClass_IsNamedBySize(long cpu, long memory, int gpus, string model, string name) => Assert.Equal(name, ResourceClasses.Of(cpu, memory, gpus, model));

    private static string? Close(LeaseStanding lease, DateTimeOffset now) => LeaseTransitions.Apply(lease, LeaseTrigger.ProviderClose, now, LeaseCloseReasons.Unspecified).Refusal?.Code;
}
