using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Escrow;

public sealed class EscrowAccountTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData("1.575357", "1.575357")]
    [InlineData("0.000000000000000001", "0.000000000000000001")]
    [InlineData("0010.50", "10.5")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    public void Rate_IsExactDecimalText(string text, string shortest)
    {
        Assert.True(Rate.TryParse(text, out var rate));
        Assert.Equal(shortest, rate.ToString());
        Assert.Equal(rate, JsonSerializer.Deserialize<Rate>(JsonSerializer.Serialize(rate)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1e5")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("NaN")]
    [InlineData("1.0000000000000000001")]
    [InlineData("12345678901234567890")]
    [InlineData("٣")]
    public void Rate_RefusesWhatIsNotAPlainDecimal(string text) => Assert.False(Rate.TryParse(text, out _));

    [Fact]
    public void RunOut_NamesFloorCeilingAndDeadline()
    {
        var exact = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.OfWhole(10)]);
        var inexact = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1005)], [Rate.OfWhole(10)]);

        Assert.Equal(new RunOut(100, 100, 101), EscrowForecast.PredictedRunOut(exact));
        Assert.Equal(new RunOut(100, 101, 101), EscrowForecast.PredictedRunOut(inexact));
        Assert.Equal(EscrowStatus.Open, EscrowSettlement.Settle(inexact, 100).Status);
        Assert.Equal(EscrowStatus.Paused, EscrowSettlement.Settle(inexact, 101).Status);
        Assert.Null(EscrowForecast.PredictedRunOut(EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1)], [])));
    }

    [Fact]
    public void NextDeadline_IsTheRunOutThenTheEndOfGraceCountedFromIt()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.OfWhole(10)]);

        Assert.Equal(101, EscrowForecast.NextDeadline(account, 600));
        // Noticed 50 blocks late: the grace still counts from the run-out.
        Assert.Equal(701, EscrowForecast.NextDeadline(EscrowSettlement.Settle(account, 151), 600));
    }

    [Fact]
    public void Rescue_TooSmallForOneBlock_StaysPausedAndKeepsTheMoney()
    {
        var account = EscrowSettlement.Settle(EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100)], [Rate.OfWhole(10)]), 50);

        var small = EscrowOperations.Deposit(account, 60, "uact", new DepositDraw("friend", null, 9)).Require();
        var enough = EscrowOperations.Deposit(small.Account, 70, "uact", new DepositDraw("tenant", null, 1)).Require();

        Assert.Equal((EscrowStatus.Paused, false), (small.Account.Status, small.Resumed));
        Assert.Equal((EscrowStatus.Open, true), (enough.Account.Status, enough.Resumed));
        Assert.Equal(10, enough.Account.Payments[0].Accrued.Whole - account.Payments[0].Accrued.Whole + EscrowSettlement.Settle(enough.Account, 71).Payments[0].Payable - account.Payments[0].Payable);
    }

    [Fact]
    public void DepositThatArrivesAfterTheUnnoticedRunOut_PaysNothingForTheBlocksBetween()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100)], [Rate.OfWhole(10)]);

        var step = EscrowOperations.Deposit(account, 500, "uact", new DepositDraw("tenant", null, 100)).Require();

        Assert.False(step.RanOut);
        Assert.Equal(100, step.Account.Funds);
        Assert.Equal(500, step.Account.SettledAt);
    }

    [Fact]
    public void Paused_RefusesNewStreamsButPaysOldOnes()
    {
        var account = EscrowSettlement.Settle(EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100)], [Rate.OfWhole(10)]), 50);

        Assert.Equal("escrow.account_paused", EscrowOperations.OpenPayment(account, 50, "uact", "x", "p", Rate.OfWhole(1)).Refusal?.Code);
        Assert.Equal(100, EscrowOperations.WithdrawPayment(account, 50, "lease0", 0).Require().Movements.Single().Amount);
    }

    [Fact]
    public void OpenPayment_RefusesZeroTooHighReusedAndUnfunded()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100)], [Rate.OfWhole(10)]);
        string? Code(string id, Rate rate) => EscrowOperations.OpenPayment(account, 1, "uact", id, "p", rate).Refusal?.Code;

        Assert.Equal("escrow.payment_rate_zero", Code("x", Rate.Zero));
        Assert.Equal("escrow.payment_rate_max", Code("x", Rate.Max + new Rate(1)));
        Assert.Equal("escrow.payment_exists", Code("lease0", Rate.OfWhole(1)));
        Assert.Equal("escrow.insufficient_funds", Code("x", Rate.OfWhole(81)));
        Assert.Null(Code("x", Rate.OfWhole(80)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(long.MinValue)]
    public void Deposit_RefusesWhatIsNotPositive(long amount) =>
        Assert.Equal("escrow.amount_invalid", EscrowOperations.Open("d", "uact", "t", 0, new DepositDraw("t", null, amount)).Refusal?.Code);

    [Fact]
    public void Deposit_RefusesASumThatWouldOverflow() =>
        Assert.Equal("escrow.deposited_max", EscrowOperations.Open("d", "uact", "t", 0, new DepositDraw("t", null, long.MaxValue)).Refusal?.Code);

    [Fact]
    public void Extremes_SettleWithoutOverflow()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, EscrowLimits.DepositedMax)], [Rate.Max, new Rate(1)]);

        var settled = EscrowSettlement.Settle(account, long.MaxValue);

        Assert.Equal(EscrowStatus.Paused, settled.Status);
        Assert.Equal(ExactAmount.Zero, settled.Streamable);
    }

    [Fact]
    public void ManyLeases_ForgetTheOldestClosedOneAndStillConserve()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100_000)], []);
        for (var i = 0; i < EscrowLimits.PaymentsMax + 5; i++)
        {
            account = EscrowOperations.OpenPayment(account, i, "uact", $"l{i}", "p", Rate.OfWhole(3)).Require().Account;
            account = EscrowOperations.ClosePayment(account, i + 1, $"l{i}", 0).Require().Account;
        }

        Assert.Equal(EscrowLimits.PaymentsMax, account.Payments.Length);
        Assert.Equal(3 * (EscrowLimits.PaymentsMax + 5), account.Withdrawn);
        Assert.Equal(account.Funds, account.Held);
    }

    [Fact]
    public void CostSoFar_IsExactAndChangesNothing()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.Parse("1.575357")]);

        Assert.Equal("31.50714", EscrowForecast.CostSoFar(account, 20).ToString());
        Assert.Equal(31, EscrowForecast.View(account, 20).CostSoFar);
        Assert.Equal(1000, account.Funds);
    }

    [Fact]
    public void AutoTopUp_ActsBelowTheThresholdWithinItsBudget()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.Parse("9.5")]);
        var rule = new AutoTopUpRule(BelowBlocks: 50, ToBlocks: 200, AmountMin: 10, BudgetLeft: 5000);

        Assert.Equal(0, rule.AmountDue(account, 55));
        Assert.Equal(56, rule.NextCheckHeight(account));
        // Height 56: 468 left, 200 blocks cost 1900.
        Assert.Equal(1432, rule.AmountDue(account, 56));
        Assert.Equal(100, (rule with { BudgetLeft = 100 }).AmountDue(account, 56));
        Assert.Equal(1900, rule.AmountDue(account, 500));
        Assert.Equal(3568, rule.Spent(1432).BudgetLeft);
    }

    [Fact]
    public void DepositSources_DrawInOrderOverManyGrants()
    {
        FundedAllowance[] grants =
        [
            new(Grant("g1", "alice", 300), 1000),
            new(Grant("g2", "bob", 500) with { ExpiresAt = Now }, 1000),
            new(Grant("g3", "alice", 900), 1000),
        ];

        var draws = DepositSources.Plan("tenant", "uact", 1250, [DepositSource.Balance, DepositSource.Grant], 250, [.. grants], AllowanceScopes.Deployment, Now);
        var tooMuch = DepositSources.Plan("tenant", "uact", 1251, [DepositSource.Balance, DepositSource.Grant], 250, [.. grants], AllowanceScopes.Deployment, Now);

        Assert.Equal([new DepositDraw("tenant", null, 250), new DepositDraw("alice", "g1", 300), new DepositDraw("alice", "g3", 700)], draws.Require());
        Assert.Equal("escrow.deposit_unfunded", tooMuch.Refusal?.Code);
        Assert.Contains("1250", tooMuch.Refusal!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Allowance_IsRestoredExactlyByRefunds()
    {
        var grant = Grant("g1", "alice", 500);
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 100), new DepositDraw("alice", "g1", 200)], [Rate.OfWhole(10)]);
        var drawn = grant.Draw(200);

        var closed = EscrowOperations.CloseAccount(account, 15, 0).Require();

        var refund = closed.Movements.Single(m => m.GrantId == "g1");
        Assert.Equal(450, drawn.Restore(refund.Amount).Left);
    }

    [Fact]
    public void Transfer_HasOneLegPerAccountAndADerivedId()
    {
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, 1000)], [Rate.OfWhole(10), Rate.OfWhole(20)]);
        var closed = EscrowOperations.CloseAccount(account, 10, 200).Require();

        var transfer = EscrowTransfers.ToTransfer("d1", closed.Movements)!;

        Assert.Equal("escrow/d1/1", transfer.Id);
        Assert.Equal(
            [new Leg("escrow/d1", -1000), new Leg("pool/community", 6), new Leg("wallet/provider", 294), new Leg("wallet/tenant", 700)],
            transfer.Legs);
        Assert.Equal(0, transfer.Legs.Sum(l => l.Amount));
    }

    [Fact]
    public void Account_SurvivesJson()
    {
        var account = EscrowSettlement.Settle(EscrowFlow.OpenWith([new DepositDraw("tenant", "g", 1000)], [Rate.Parse("1.575357")]), 7);

        var copy = JsonSerializer.Deserialize<EscrowAccount>(JsonSerializer.Serialize(account))!;

        Assert.Equal(JsonSerializer.Serialize(account), JsonSerializer.Serialize(copy));
        Assert.Equal(account.Payments[0].Accrued, copy.Payments[0].Accrued);
    }

    private static DepositAllowance Grant(string id, string granter, long left) => new(id, granter, "tenant", "uact", left, AllowanceScopes.Deployment, null);
}
