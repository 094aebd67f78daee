using System.Globalization;
using DepinGrains.Domain.Escrow;
using FsCheck;
using FsCheck.Fluent;

namespace DepinGrains.Domain.Tests.Escrow;

/// <summary>The take fee is exact over the life of a stream, however it is withdrawn, and each source pays its own.</summary>
public sealed class FeeCarryTests
{
    private static readonly Gen<int[]> Numbers = Gen.Choose(0, 100_000).ArrayOf();

    [Fact]
    public void Withdrawals_TogetherPayTheFeeOfTheirSum() => Check(numbers =>
    {
        var bps = numbers.Length == 0 ? 0 : numbers[0] % 10_001;
        var (fees, earned, carry) = (0L, 0L, 0);
        foreach (var amount in numbers)
        {
            (var fee, var earnings, carry) = TakeFee.Split(amount % 30, bps, carry);
            fees += fee;
            earned += earnings;
            if (fee < 0 || earnings < 0)
            {
                return false;
            }
        }

        var sum = numbers.Sum(static n => (long)(n % 30));
        return fees == TakeFee.Split(sum, bps).Fee && fees + earned == sum;
    });

    [Fact]
    public void AStream_WithdrawnEveryBlock_PaysWhatOneWithdrawalPays()
    {
        var (often, once) = (Play(1), Play(100));
        Assert.Equal(once, often);
        Assert.Equal((20, 80), once);
    }

    [Fact]
    public void Sources_PayTheirOwnFee_InTheOrderTheyAreSpent()
    {
        var fees = new FeeRates(2_000, [("uakt", 400), ("uusdc", 2_000)]);
        var account = EscrowOperations.Open("d", "uact", "t", 0, new DepositDraw("t", null, 100, "uakt"), new DepositDraw("t", null, 100, "uusdc")).Require().Account;
        account = EscrowOperations.OpenPayment(account, 0, "uact", "l", "p", Rate.OfWhole(10)).Require().Account;
        var step = EscrowOperations.WithdrawPayment(account, 15, "l", fees).Require();
        Assert.Equal([("uakt", 4L), ("uakt", 96L), ("uusdc", 10L), ("uusdc", 40L)], step.Movements.Select(static m => (m.Source!, m.Amount)));
        var closed = EscrowOperations.CloseAccount(step.Account, 15, fees).Require();
        Assert.Equal(("uusdc", 50L), (closed.Movements.Single().Source!, closed.Movements.Single().Amount));
    }

    [Fact]
    public void SettlingInPieces_SpendsSourcesAlike() => Check(numbers =>
    {
        var account = EscrowOperations.Open("d", "uact", "t", 0, new DepositDraw("t", null, 700, "uakt"), new DepositDraw("t", null, 900), new DepositDraw("t", null, 800, "uusdc")).Require().Account;
        account = EscrowOperations.OpenPayment(account, 0, "uact", "a", "p", new Rate((FixedPoint18.One * 7 / 3) + 1)).Require().Account;
        account = EscrowOperations.OpenPayment(account, 0, "uact", "b", "q", new Rate(FixedPoint18.One * 11 / 7)).Require().Account;
        var (piecewise, height) = (account, 0L);
        foreach (var number in numbers.Take(20))
        {
            height += number % 50;
            piecewise = EscrowSettlement.Settle(piecewise, height);
        }

        var direct = EscrowSettlement.Settle(account, height);
        return direct.Earned.SequenceEqual(piecewise.Earned) && direct.Deposits.SequenceEqual(piecewise.Deposits)
            && direct.Earned.Sum(static e => e.Amount) == direct.Payments.Sum(static p => p.Payable);
    });

    [Fact]
    public void Leaving_NeverLeavesMoreSourceThanCredit() => Check(numbers =>
    {
        if (numbers.Length < 3)
        {
            return true;
        }

        var (akt, usdc, none) = (numbers[0] % 1_000L, numbers[1] % 1_000L, numbers[2] % 1_000L);
        foreach (var number in numbers)
        {
            var posted = akt + usdc + none;
            if (posted == 0)
            {
                return true;
            }

            var amount = 1 + (number % posted);
            var parts = SourcedAmounts.Leaving(amount, posted, [new("uusdc", usdc), new("uakt", akt)]);
            akt -= parts.Where(static p => p.Source == "uakt").Sum(static p => p.Amount);
            usdc -= parts.Where(static p => p.Source == "uusdc").Sum(static p => p.Amount);
            none -= amount - parts.Sum(static p => p.Amount);
            if (akt < 0 || usdc < 0 || none < 0)
            {
                return false;
            }
        }

        return true;
    });

    private static (long Fees, long Earned) Play(int every)
    {
        var account = EscrowOperations.Open("d", "uact", "t", 0, new DepositDraw("t", null, 1_000)).Require().Account;
        account = EscrowOperations.OpenPayment(account, 0, "uact", "l", "p", Rate.OfWhole(1)).Require().Account;
        var (fees, earned) = (0L, 0L);
        for (var height = every; height <= 100; height += every)
        {
            var step = EscrowOperations.WithdrawPayment(account, height, "l", 2_000).Require();
            account = step.Account;
            fees += step.Movements.Where(static m => m.Party.Length == 0).Sum(static m => m.Amount);
            earned += step.Movements.Where(static m => m.Party == "p").Sum(static m => m.Amount);
        }

        return (fees, earned);
    }

    private static void Check(Func<int[], bool> property) =>
        FsCheck.Check.One(PropertySeed.Config.WithMaxTest(300).WithEndSize(60), Prop.ForAll(Numbers.ToArbitrary(), property));
}
