using System.Text.Json;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Escrow;

/// <summary>Where we differ from Akash on purpose: no debt, run-out at its deadline, and the defects of escrow-cases.json mended. Each test states our result.</summary>
public sealed class EscrowDifferenceTests
{
    private static readonly JsonElement Vectors = DeploymentVectors.Read("escrow-cases.json");

    [Fact]
    public void Overdraft_V1_PausesAtItsDeadlinePaysWhatThereIsAndADepositRescues()
    {
        var run = new EscrowFlow(Flow("v1 overdraft then rescue deposit"));
        var steps = Flow("v1 overdraft then rescue deposit").GetProperty("steps");
        run.Apply(steps[0].GetProperty("op"));

        // Akash: funds −50, unsettled 50. Here: paused since height 101, nothing owed, the provider gets all 1000.
        var withdrawn = run.Apply(steps[1].GetProperty("op"));
        Assert.True(withdrawn.RanOut);
        Assert.Equal(EscrowStatus.Paused, run.Account.Status);
        Assert.Equal(101, run.Account.PausedAt);
        Assert.Equal(0, run.Account.Funds);
        Assert.Equal([("", 20L), ("provider", 980L)], withdrawn.Movements.Select(m => (m.Party, m.Amount)));

        // Akash: the deposit pays the debt, 950 goes back, the account ends closed. Here it resumes with all of it.
        var rescued = run.Apply(steps[4].GetProperty("op"));
        Assert.True(rescued.Resumed);
        Assert.Equal(EscrowStatus.Open, run.Account.Status);
        Assert.Equal(1000, run.Account.Funds);
        Assert.Equal(105, run.Account.SettledAt);
        Assert.Equal(20, EscrowSettlement.Settle(run.Account, 107).Payments[0].Payable);
    }

    [Fact]
    public void Overdraft_V1_CloseAccountInsteadOfRescue_ClosesForGood()
    {
        var run = new EscrowFlow(Flow("v1 overdraft then rescue deposit"));
        var steps = Flow("v1 overdraft then rescue deposit").GetProperty("steps");
        run.Apply(steps[0].GetProperty("op"));
        run.Apply(steps[1].GetProperty("op"));

        var closed = run.Apply(steps[2].GetProperty("op"));

        Assert.Equal(EscrowStatus.Closed, closed.Account.Status);
        Assert.Empty(closed.Movements);
        Assert.Equal(0, closed.Account.Held);
        Assert.Equal("escrow.account_closed", EscrowOperations.CloseAccount(closed.Account, 105, 200).Refusal?.Code);
        Assert.Equal("escrow.account_closed", EscrowOperations.Deposit(closed.Account, 105, "uact", new DepositDraw("tenant", null, 1000)).Refusal?.Code);
    }

    [Fact]
    public void Overdraft_V2_NeverMakesADebtThatADepositWouldHaveToPay()
    {
        var run = new EscrowFlow(Flow("v2 overdraft then exact rescue"));
        var steps = Flow("v2 overdraft then exact rescue").GetProperty("steps");
        run.Apply(steps[0].GetProperty("op"));

        // 1000 at 30 a block: 33 full blocks, the last 10 belong to block 34. Akash counts on to −2150.
        run.Apply(steps[1].GetProperty("op"));
        Assert.Equal(34, run.Account.PausedAt);
        Assert.Equal(1000, run.Account.Payments[0].Withdrawn);
        Assert.Equal(ExactAmount.Zero, run.Account.Streamable);

        var rescued = run.Apply(steps[4].GetProperty("op"));
        Assert.True(rescued.Resumed);
        Assert.Equal(2150, run.Account.Funds);
    }

    [Fact]
    public void TwoLeases_ExhaustionIsSharedByWeightNotByOrder()
    {
        var run = new EscrowFlow(Flow("two leases, exhaustion in payment order"));
        var steps = Flow("two leases, exhaustion in payment order").GetProperty("steps");
        run.Apply(steps[0].GetProperty("op"));
        run.Apply(steps[1].GetProperty("op"));
        run.Apply(steps[2].GetProperty("op"));

        // 100 at 10 + 20: 3 full blocks = 30 + 60, the remaining 10 by weight 1:2. Akash: 40 and 60 with 20 unsettled.
        Assert.Equal(["33.333333333333333334", "66.666666666666666666"], run.Account.Payments.Select(p => p.Accrued.ToString()));
        Assert.Equal([33L, 66L], run.Account.Payments.Select(p => p.Accrued.Whole));
        Assert.Equal([("providerA", 33L)], run.Movements.Select(m => (m.Party, m.Amount)));
        Assert.Equal(4, run.Account.PausedAt);
        // Two thirds and one third of one unit: no provider can be paid it, so a close gives it back.
        Assert.Equal(1, run.Account.Funds);
    }

    [Theory]
    [InlineData("ruh roh", "50", "50", 6)]
    [InlineData("overdrawn with all funds and balance used up", "100", "100", 11)]
    public void EraBC_OverdrawnSettle_IsEraAWithoutDebt(string name, string first, string second, long pausedAt)
    {
        var vector = Vectors.GetProperty("settle_full_blocks_eraBC").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, vector.GetProperty("balance_start").GetInt64())], EscrowFlow.Rates(vector));

        var settled = EscrowSettlement.Settle(account, vector.GetProperty("blocks").GetInt64());

        Assert.Equal([first, second], settled.Payments.Select(p => p.Balance.ToString()));
        Assert.Equal(EscrowStatus.Paused, settled.Status);
        Assert.Equal(pausedAt, settled.PausedAt);
    }

    [Fact]
    public void FractionalLoss_TwoSettlesEqualOne()
    {
        var run = new EscrowFlow(Flow("fraction lost per settlement: two 10-block settles"));
        foreach (var step in Flow("fraction lost per settlement: two 10-block settles").GetProperty("steps").EnumerateArray())
        {
            run.Apply(step.GetProperty("op"));
        }

        // Akash: 15 + 15 = 30. Exactly: 31.50714.
        Assert.Equal("31.50714", run.Account.Payments[0].Accrued.ToString());
        Assert.Equal(31, run.Account.Payments[0].Payable);
        Assert.Equal(969, run.Account.Funds);
    }

    [Fact]
    public void FractionalLoss_SubUnitRateSettledEveryBlockIsPaid()
    {
        var run = new EscrowFlow(Flow("sub-unit rate settled every block pays nothing"));
        foreach (var step in Flow("sub-unit rate settled every block pays nothing").GetProperty("steps").EnumerateArray())
        {
            run.Apply(step.GetProperty("op"));
        }

        Assert.Equal("4", run.Account.Payments[0].Accrued.ToString());
        Assert.Equal(996, run.Account.Funds);
    }

    [Fact]
    public void PC1_ASecondLeaseLeavesTheFirstOnesAccrual()
    {
        var minimal = Vectors.GetProperty("read_only_findings").EnumerateArray().Single(f => f.GetProperty("id").GetString() == "PC-1").GetProperty("minimal_case");
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, minimal.GetProperty("deposit").GetInt64())], []);
        account = EscrowOperations.OpenPayment(account, 0, "uact", "A", "a", Rate.OfWhole(10)).Require().Account;

        account = EscrowOperations.OpenPayment(account, 50, "uact", "B", "b", Rate.OfWhole(10)).Require().Account;

        Assert.Equal(minimal.GetProperty("expect_conserving").GetProperty("A_balance").GetInt64(), account.Payments[0].Payable);
        Assert.Equal(minimal.GetProperty("expect_conserving").GetProperty("funds").GetInt64(), account.Funds);
    }

    [Fact]
    public void ZD1_WithdrawInTheBlockOfTheLastSettlementPaysWhatIsThere()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.OfWhole(10)]);
        account = EscrowOperations.Settle(account, 10).Account;

        var first = EscrowOperations.WithdrawPayment(account, 10, "lease0", 0).Require();
        var second = EscrowOperations.WithdrawPayment(first.Account, 10, "lease0", 0).Require();

        Assert.Equal(100, Assert.Single(first.Movements).Amount);
        Assert.Empty(second.Movements);
    }

    [Fact]
    public void ZD2_TwoLeasesClosedInOneBlockAreBothClosed()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.OfWhole(10), Rate.OfWhole(20)]);

        account = EscrowOperations.ClosePayment(account, 10, "lease0", 0).Require().Account;
        account = EscrowOperations.ClosePayment(account, 10, "lease1", 0).Require().Account;

        Assert.All(account.Payments, p => Assert.Equal(EscrowPaymentStatus.Closed, p.Status));
        Assert.Equal(700, EscrowSettlement.Settle(account, 1_000_000).Funds);
        Assert.Equal("escrow.payment_closed", EscrowOperations.ClosePayment(account, 10, "lease1", 0).Refusal?.Code);
    }

    [Fact]
    public void ZD3_CloseAccountInTheBlockOfTheLastSettlementPaysAndClosesEveryPayment()
    {
        var flow = Flow("FIFO depositors, grant second");
        var run = new EscrowFlow(flow);
        var steps = flow.GetProperty("steps");
        run.Apply(steps[0].GetProperty("op"));
        run.Apply(steps[1].GetProperty("op"));
        // Own 300 first, then 50 of the grant: recorded and normative up to here.
        run.AssertMatches(steps[1].GetProperty("after"));

        run.Apply(steps[2].GetProperty("op"));

        Assert.Equal([(EscrowMovementKind.Payout, "provider", 350L, null), (EscrowMovementKind.Refund, "granter", 150L, "grant-1")], run.Movements.Select(m => (m.Kind, m.Party, m.Amount, m.GrantId)));
        Assert.Equal(EscrowPaymentStatus.Closed, run.Account.Payments[0].Status);
        Assert.Equal(0, run.Account.Held);
    }

    [Fact]
    public void FN1_AnotherCurrencyIsRefusedNotMixed()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], []);

        Assert.Equal("escrow.currency_mismatch", EscrowOperations.Deposit(account, 1, "uakt", new DepositDraw("tenant", null, 5)).Refusal?.Code);
        Assert.Equal("escrow.currency_mismatch", EscrowOperations.OpenPayment(account, 1, "uakt", "A", "a", Rate.OfWhole(1)).Refusal?.Code);
    }

    private static JsonElement Flow(string name) => Vectors.GetProperty("flows").EnumerateArray().Single(f => f.GetProperty("name").GetString() == name);
}
