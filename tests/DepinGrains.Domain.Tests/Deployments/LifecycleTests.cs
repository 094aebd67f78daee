using System.Text.Json;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Leases;
using DepinGrains.Domain.Tests.Escrow;

namespace DepinGrains.Domain.Tests.Deployments;

/// <summary>Every transition of lifecycle.json, by our tables; where we differ on purpose the test states our result.</summary>
public sealed class LifecycleTests
{
    private static readonly DateTimeOffset T0 = DateTimeOffset.UnixEpoch;

    private static readonly JsonElement Transitions = DeploymentVectors.Read("lifecycle.json").GetProperty("transitions");

    public static TheoryData<int, string> All
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (t, index) in Transitions.EnumerateArray().Select((t, i) => (t, i)))
            {
                data.Add(index, $"{Text(t, "entity")} {Text(t, "from")} -> {Text(t, "to")} on {Text(t, "trigger")}");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Transition_IsInOurTables(int index, string name)
    {
        var t = Transitions[index];
        Assert.NotEmpty(name);
        var from = Text(t, "from").Split('|');
        var (entity, to, trigger) = (Text(t, "entity"), Text(t, "to"), Text(t, "trigger"));
        foreach (var state in from)
        {
            Assert.Equal(Expected(entity, to, trigger), Actual(entity, state, trigger));
        }
    }

    /// <summary>The recorded target, but for the documented differences.</summary>
    private static string Expected(string entity, string to, string trigger) => (entity, trigger) switch
    {
        // Creating opens the escrow first; closing runs a resumable saga.
        ("deployment", "CreateDeployment") => "active",
        ("deployment", "CloseDeployment") => "closed",
        // Running dry pauses with grace.
        ("deployment", "escrow overdrawn") => "active",
        ("escrow_account", "settle shortfall") => "paused",
        // A deposit resumes instead of paying a debt and closing.
        ("escrow_account", "AccountDeposit covering debt") => "open",
        // There are no overdrawn payments.
        ("escrow_payment", _) => "closed",
        _ => to,
    };

    private static string Actual(string entity, string from, string trigger) => (entity, trigger) switch
    {
        ("deployment", "CreateDeployment") => Word(Lifecycle.Deployment.Find(DeploymentStatus.Opening, DeploymentTrigger.Opened)),
        ("deployment", "CloseDeployment") => Word(Lifecycle.Deployment.Find(Lifecycle.Deployment.Find(DeploymentStatus.Active, DeploymentTrigger.Close)!.Value, DeploymentTrigger.Finished)),
        ("deployment", "escrow overdrawn") => Word<DeploymentStatus>(DeploymentStatus.Active),
        ("group", "PauseGroup") => Word(Lifecycle.Group.Find(Group(from), GroupTrigger.Pause)),
        ("group", "provider CloseBid on active lease") => Word(Lifecycle.Group.Find(Group(from), GroupTrigger.ProviderClosed)),
        ("group", "StartGroup") => Word(Lifecycle.Group.Find(Group(from), GroupTrigger.Start)),
        ("group", "CloseGroup") => Word(Lifecycle.Group.Find(Group(from), GroupTrigger.Close)),
        ("order", "group opened") => Lifecycle.NextOrder([OrderStatus.Closed, OrderStatus.Closed]) == 3 && Lifecycle.NextOrder([OrderStatus.Active]) is null ? "open" : "wrong",
        ("order", "CreateLease") => Word(Lifecycle.Order.Find(Enum.Parse<OrderStatus>(from, true), OrderTrigger.Award)),
        ("order", _) => Word(Lifecycle.Order.Find(Enum.Parse<OrderStatus>(from, true), OrderTrigger.Close)),
        ("bid", "CreateBid") => BidChecks.WhyNot(Orders.Bid(), Orders.Order(), Orders.Bidder(), BidRules.Default) is null ? "open" : "refused",
        ("bid", "CreateLease (this bid)") => Word(Lifecycle.Bid.Find(Enum.Parse<BidStatus>(from, true), BidTrigger.Win)),
        ("bid", "CreateLease (other bid)") => Word(Lifecycle.Bid.Find(Enum.Parse<BidStatus>(from, true), BidTrigger.Lose)),
        ("bid", _) => Word(Lifecycle.Bid.Find(Enum.Parse<BidStatus>(from, true), BidTrigger.Close)),
        ("lease", _) => Lease(from, trigger),
        ("escrow_account", _) => Account(trigger),
        ("escrow_payment", _) => Word<EscrowPaymentStatus>(EscrowOperations.ClosePayment(Funded(), 5, "lease0", 0).Require().Account.Payments[0].Status),
        _ => throw new InvalidOperationException(entity + " " + trigger),
    };

    private static string Lease(string from, string trigger)
    {
        if (from == "-")
        {
            return Word<LeaseStatus>(new LeaseStanding(LeaseStatus.Active, 0, null, 0).Status);
        }

        var standing = from switch
        {
            "active (no reclamation)" => new LeaseStanding(LeaseStatus.Active, 0, null, 0),
            "active" => new LeaseStanding(LeaseStatus.Active, 3_600, null, 0),
            _ => new LeaseStanding(LeaseStatus.Reclaiming, 3_600, T0, 0),
        };
        var (on, reason) = trigger switch
        {
            "LeaseStartReclaim" => (LeaseTrigger.StartReclaim, 0),
            "CloseLease" => (LeaseTrigger.TenantClose, LeaseCloseReasons.Owner),
            "CloseBid" => (LeaseTrigger.ProviderClose, LeaseCloseReasons.Decommission),
            _ => (LeaseTrigger.RanOut, 0),
        };
        return Word<LeaseStatus>(LeaseTransitions.Apply(standing, on, T0, reason).Require().Status);
    }

    private static string Account(string trigger)
    {
        var dry = EscrowSettlement.Settle(Funded(), 1_000);
        return Word<EscrowStatus>(trigger switch
        {
            "AccountClose" => EscrowOperations.CloseAccount(Funded(), 5, 0).Require().Account.Status,
            "settle shortfall" => dry.Status,
            _ => EscrowOperations.Deposit(dry, 1_000, "uact", new DepositDraw("tenant", null, 100)).Require().Account.Status,
        });
    }

    private static EscrowAccount Funded() => EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100)], [Rate.OfWhole(10)]);

    [Fact]
    public void Transition_NotInATable_IsRefusedWithBothWords()
    {
        var refusal = Lifecycle.Group.Apply(GroupStatus.Closed, GroupTrigger.Start).Refusal!;

        Assert.Equal("group.transition_refused", refusal.Code);
        Assert.Equal(["closed", "start"], refusal.Facts.Select(f => f.Value));
        Assert.Null(Lifecycle.Bid.Find(BidStatus.Lost, BidTrigger.Win));
        Assert.Null(Lifecycle.Order.Find(OrderStatus.Closed, OrderTrigger.Award));
        Assert.Null(Lifecycle.Deployment.Find(DeploymentStatus.Closed, DeploymentTrigger.Close));
    }

    [Theory]
    [InlineData(GroupStatus.Open, LeaseCloseReasons.Owner, true)]
    [InlineData(GroupStatus.Paused, LeaseCloseReasons.Owner, false)]
    [InlineData(GroupStatus.Open, LeaseCloseReasons.Decommission, false)]
    [InlineData(GroupStatus.Open, LeaseCloseReasons.InsufficientFunds, false)]
    public void Relist_OnlyAfterTheTenantEndedTheLeaseOfAnOpenGroup(GroupStatus group, int reason, bool relists) => Assert.Equal(relists, Lifecycle.Relists(group, reason));

    [Fact]
    public void RanOutGroup_IsRescuedOrStartedAgain()
    {
        Assert.Equal(GroupStatus.InsufficientFunds, Lifecycle.Group.Find(GroupStatus.Open, GroupTrigger.RanOut));
        Assert.Equal(GroupStatus.Open, Lifecycle.Group.Find(GroupStatus.InsufficientFunds, GroupTrigger.Rescued));
        Assert.Equal(GroupStatus.Open, Lifecycle.Group.Find(GroupStatus.InsufficientFunds, GroupTrigger.Start));
    }

    private static GroupStatus Group(string word) => Enum.Parse<GroupStatus>(word.Replace("_", "", StringComparison.Ordinal), true);

    private static string Word<T>(T? state)
        where T : struct, Enum => state?.ToString() switch
        {
            null => "refused",
            "InsufficientFunds" => "insufficient_funds",
            { } word => word.ToLowerInvariant(),
        };

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
