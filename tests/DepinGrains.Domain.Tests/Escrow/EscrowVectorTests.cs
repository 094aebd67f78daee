using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Escrow;

/// <summary>escrow-cases.json: era A settle and weighted, take_fee, and every era B/C flow that never overdraws. The overdraw cases are in <see cref="EscrowDifferenceTests"/>.</summary>
public sealed class EscrowVectorTests
{
    private static readonly JsonElement Vectors = DeploymentVectors.Read("escrow-cases.json");

    public static TheoryData<string> EraA => Names("settle_full_blocks_eraA");

    public static TheoryData<string> Weighted => Names("settle_distribute_weighted_eraA");

    public static TheoryData<string> EraBcFunded => [.. Cases("settle_full_blocks_eraBC").Where(c => !c.GetProperty("expect").GetProperty("overdrawn").GetBoolean()).Select(Name)];

    public static TheoryData<int> Fees => [.. Enumerable.Range(0, Vectors.GetProperty("take_fee").GetProperty("cases").GetArrayLength())];

    public static TheoryData<string> FundedFlows => [.. Cases("flows").Where(f => !EscrowFlow.Overdraws(f) && !EscrowFlow.ShowsMendedDefect(f)).Select(Name)];

    [Fact]
    public void Vectors_AreAllThere()
    {
        Assert.Equal(11, EraA.Count);
        Assert.Equal(3, Weighted.Count);
        Assert.Equal(6, EraBcFunded.Count);
        Assert.Equal(16, Fees.Count);
        Assert.Equal(6, FundedFlows.Count);
        Assert.Equal(12, Vectors.GetProperty("flows").GetArrayLength());
    }

    [Theory]
    [MemberData(nameof(EraA))]
    public void EraA_FullBlocks_PayAndLeaveAsRecorded(string name)
    {
        var vector = Case("settle_full_blocks_eraA", name);
        var expect = vector.GetProperty("expect");
        var rates = EscrowFlow.Rates(vector);
        var money = vector.GetProperty("balance_start").GetInt64() + vector.GetProperty("funds_start").GetInt64();

        var full = EscrowMath.PayFullBlocks(ExactAmount.OfWhole(money), rates.Aggregate((a, b) => a + b), vector.GetProperty("blocks").GetInt64());

        Assert.Equal(expect.GetProperty("payment_balances").EnumerateArray().Select(b => b.GetInt64()), rates.Select(r => new ExactAmount(r.Atoms * full.Blocks).Whole));
        Assert.Equal(expect.GetProperty("balance_end").GetInt64() + expect.GetProperty("funds_end").GetInt64(), full.Left.Whole);
        Assert.Equal(expect.GetProperty("remaining").GetInt64(), full.Remaining.Whole);
        Assert.Equal(expect.GetProperty("overdrawn").GetBoolean(), full.Overdrawn);
    }

    /// <summary>The whole account: funds are spent before the balance, what remains is shared by weight, and an overdrawn account is paused with nothing owed.</summary>
    [Theory]
    [MemberData(nameof(EraA))]
    public void EraA_Account_SettlesFundsFirstThenSharesTheRest(string name)
    {
        var vector = Case("settle_full_blocks_eraA", name);
        var expect = vector.GetProperty("expect");
        var rates = EscrowFlow.Rates(vector);
        var account = EscrowFlow.OpenWith(
            [new DepositDraw("funder", "grant-1", vector.GetProperty("funds_start").GetInt64()), new DepositDraw("tenant", null, vector.GetProperty("balance_start").GetInt64())],
            rates);

        var settled = EscrowOperations.Settle(account, vector.GetProperty("blocks").GetInt64());

        var overdrawn = expect.GetProperty("overdrawn").GetBoolean();
        Assert.Equal(overdrawn, settled.RanOut);
        Assert.Equal(overdrawn ? EscrowStatus.Paused : EscrowStatus.Open, settled.Account.Status);
        var shares = EscrowMath.ShareByWeight(ExactAmount.OfWhole(expect.GetProperty("remaining").GetInt64()), rates);
        var wanted = expect.GetProperty("payment_balances").EnumerateArray().Select((b, i) => ExactAmount.OfWhole(b.GetInt64()) + shares[i]);
        Assert.Equal(wanted, settled.Account.Payments.Select(p => p.Balance));
        if (!overdrawn)
        {
            Assert.Equal(expect.GetProperty("funds_end").GetInt64(), settled.Account.Deposits.Where(d => d.Depositor == "funder").Sum(d => d.Left));
            Assert.Equal(expect.GetProperty("balance_end").GetInt64(), settled.Account.Deposits.Where(d => d.Depositor == "tenant").Sum(d => d.Left));
        }
        else
        {
            Assert.Equal(ExactAmount.Zero, settled.Account.Streamable);
        }
    }

    [Theory]
    [MemberData(nameof(Weighted))]
    public void EraA_Remainder_IsSharedByRateWeight(string name)
    {
        var vector = Case("settle_distribute_weighted_eraA", name);
        var expect = vector.GetProperty("expect");
        var start = ExactAmount.OfWhole(vector.GetProperty("balance_start").GetInt64());
        var rates = EscrowFlow.Rates(vector);

        var shares = EscrowMath.ShareByWeight(start, rates);

        Assert.Equal(expect.GetProperty("payment_balances").EnumerateArray().Select(b => b.GetString()), shares.Select(s => s.ToString()));
        Assert.Equal(start, shares.Aggregate((a, b) => a + b));

        // The same through an account too poor for one block: the deposit made after opening is all it has.
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, rates.Sum(r => (long)(r.Atoms / FixedPoint18.One)) + 10)], rates);
        var settled = EscrowSettlement.Settle(account, 2);
        Assert.Equal(shares.Select((s, i) => new ExactAmount(rates[i].Atoms) + s), settled.Payments.Select(p => p.Balance));
        Assert.Equal(ExactAmount.Zero, settled.Streamable);
    }

    [Theory]
    [MemberData(nameof(EraBcFunded))]
    public void EraBC_FullyFunded_SettlesAsRecorded(string name)
    {
        var vector = Case("settle_full_blocks_eraBC", name);
        var expect = vector.GetProperty("expect");
        var account = EscrowFlow.OpenWith([new DepositDraw("tenant", null, vector.GetProperty("balance_start").GetInt64())], EscrowFlow.Rates(vector));

        var settled = EscrowSettlement.Settle(account, vector.GetProperty("blocks").GetInt64());

        Assert.Equal(EscrowStatus.Open, settled.Status);
        Assert.Equal(expect.GetProperty("funds_end").GetInt64(), settled.Funds);
        Assert.Equal(expect.GetProperty("transferred_total").GetInt64(), settled.Transferred);
        Assert.Equal(expect.GetProperty("payment_balances").EnumerateArray().Select(b => b.GetInt64()), settled.Payments.Select(p => p.Payable));
    }

    [Theory]
    [MemberData(nameof(Fees))]
    public void TakeFee_TruncatesToThePool(int index)
    {
        var vector = Vectors.GetProperty("take_fee").GetProperty("cases")[index];

        var (fee, earnings) = TakeFee.Split(vector.GetProperty("amount").GetInt64(), vector.GetProperty("rate").GetInt32() * 100);

        Assert.Equal(vector.GetProperty("fee").GetInt64(), fee);
        Assert.Equal(vector.GetProperty("earnings").GetInt64(), earnings);
    }

    [Theory]
    [MemberData(nameof(FundedFlows))]
    public void Flow_ThatNeverOverdraws_IsReproduced(string name)
    {
        var flow = Case("flows", name);
        var run = new EscrowFlow(flow);
        foreach (var step in flow.GetProperty("steps").EnumerateArray())
        {
            run.Apply(step.GetProperty("op"));
            run.AssertMatches(step.GetProperty("after"));
        }
    }

    [Theory]
    [InlineData("uakt", "2026-01-01", 400)]
    [InlineData("uusdc", "2026-01-01", 2000)]
    [InlineData("uakt", "2026-07-01", 200)]
    [InlineData("uusdc", "2026-07-01", 2000)]
    public void TakeFeeSchedule_ChangesAtItsEffectiveTime(string currency, string at, int basisPoints)
    {
        var schedule = TakeFeeSchedule.Default with { Entries = TakeFeeSchedule.Default.Entries.Add(new TakeFeeEntry("uakt", 200, DateTimeOffset.Parse("2026-07-01T00:00:00Z", CultureInfo.InvariantCulture))) };

        Assert.Equal(basisPoints, schedule.At(currency, DateTimeOffset.Parse(at + "T00:00:00Z", CultureInfo.InvariantCulture)));
    }

    private static JsonElement.ArrayEnumerator Cases(string section) => Vectors.GetProperty(section).EnumerateArray();

    private static TheoryData<string> Names(string section) => [.. Cases(section).Select(Name)];

    private static string Name(JsonElement vector) => vector.GetProperty("name").GetString()!;

    private static JsonElement Case(string section, string name) => Cases(section).Single(c => Name(c) == name);
}
