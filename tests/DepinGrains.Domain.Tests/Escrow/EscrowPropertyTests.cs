using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Domain.Escrow;
using FsCheck;
using FsCheck.Fluent;

namespace DepinGrains.Domain.Tests.Escrow;

/// <summary>Random histories: money is conserved, nothing goes negative, and settling is idempotent and path independent.</summary>
public sealed class EscrowPropertyTests
{
    private static readonly Gen<int[]> Ops =
        Gen.Choose(0, 1_000_000).ArrayOf(4).ListOf().Select(list => list.SelectMany(op => op).ToArray());

    [Fact]
    public void History_ConservesMoneyAndNeverGoesNegative() => Check(Ops, numbers =>
    {
        var history = new History();
        foreach (var op in numbers.Chunk(4))
        {
            history.Apply(op);
            if (!history.Holds())
            {
                return false;
            }
        }

        return history.Close();
    });

    [Fact]
    public void Settle_TwiceEqualsOnce_ForAnyRatesAndHeights() => Check(Ops, numbers =>
    {
        var history = new History();
        foreach (var op in numbers.Chunk(4))
        {
            history.Apply(op);
            var (first, second) = (history.Height + (op[0] % 70), history.Height + (op[0] % 70) + (op[1] % 70));
            var direct = EscrowSettlement.Settle(history.Account, second);
            var viaFirst = EscrowSettlement.Settle(EscrowSettlement.Settle(history.Account, first), second);
            if (Text(direct) != Text(viaFirst) || Text(EscrowSettlement.Settle(direct, second)) != Text(direct))
            {
                return false;
            }
        }

        return true;
    });

    [Fact]
    public void RunOut_HappensExactlyAtThePredictedDeadline() => Check(Ops, numbers =>
    {
        var history = new History();
        foreach (var op in numbers.Chunk(4))
        {
            history.Apply(op);
            if (EscrowForecast.PredictedRunOut(history.Account) is { } end &&
                (EscrowSettlement.Settle(history.Account, end.LastPaidHeight).Status != EscrowStatus.Open ||
                 EscrowSettlement.Settle(history.Account, end.DeadlineHeight).PausedAt != end.DeadlineHeight))
            {
                return false;
            }
        }

        return true;
    });

    private static void Check(Gen<int[]> gen, Func<int[], bool> property) =>
        FsCheck.Check.One(PropertySeed.Config.WithMaxTest(300).WithEndSize(160), Prop.ForAll(gen.ToArbitrary(), property));

    private static string Text(EscrowAccount account) => JsonSerializer.Serialize(account);

    /// <summary>Turns four random numbers into one operation and keeps an independent count of the money.</summary>
    private sealed class History
    {
        private long _in = 1_000;
        private long _out;
        private int _leases;

        public EscrowAccount Account { get; private set; } = EscrowOperations.Open("d", "uact", "tenant", 0, new DepositDraw("tenant", null, 1_000)).Require().Account;

        public long Height { get; private set; }

        public void Apply(int[] op)
        {
            Height += op[1] % 40;
            var lease = "l" + (op[2] % Math.Max(1, _leases)).ToString(CultureInfo.InvariantCulture);
            switch (op[0] % 6)
            {
                case 0:
                    var opened = EscrowOperations.OpenPayment(Account, Height, "uact", "l" + _leases.ToString(CultureInfo.InvariantCulture), "p" + (op[2] % 3), new Rate((FixedPoint18.One * op[3] / 77_777) + 1));
                    _leases += opened.IsOk ? 1 : 0;
                    Take(opened);
                    break;
                case 1:
                    Take(EscrowOperations.Deposit(Account, Height, "uact", new DepositDraw("u" + (op[2] % 3), op[2] % 2 == 0 ? null : "g", (op[3] % 500) + 1)));
                    break;
                case 2:
                    Take(EscrowOperations.WithdrawPayment(Account, Height, lease, op[3] % 10_001));
                    break;
                case 3:
                    Take(EscrowOperations.ClosePayment(Account, Height, lease, op[3] % 10_001));
                    break;
                default:
                    Take(EscrowOperations.Settle(Account, Height));
                    break;
            }
        }

        public bool Holds() =>
            Account.Deposits.All(d => d.Left > 0) &&
            Account.Payments.All(p => p.Balance.Atoms >= 0 && p.Payable >= 0) &&
            Account.Streamable.Atoms >= 0 &&
            Account.Held == _in - _out &&
            Account.Held == Account.Funds + Account.Payments.Sum(p => p.Payable) &&
            (Account.Status != EscrowStatus.Paused || Account.Streamable.Atoms < Account.RatePerBlock.Atoms || Account.RatePerBlock == Rate.Zero);

        public bool Close()
        {
            Take(EscrowOperations.CloseAccount(Account, Height + 3, 321));
            return Account.Held == 0 && _in == _out && Account.Payments.All(p => p.Status == EscrowPaymentStatus.Closed);
        }

        private void Take(Result<EscrowStep> result)
        {
            if (!result.IsOk)
            {
                return;
            }

            var ordinal = Account.MovementCount;
            foreach (var movement in result.Value.Movements)
            {
                Assert.Equal(ordinal++, movement.Ordinal);
                Assert.True(movement.Amount > 0);
                _in += movement.Kind == EscrowMovementKind.Deposit ? movement.Amount : 0;
                _out += movement.Kind == EscrowMovementKind.Deposit ? 0 : movement.Amount;
            }

            Account = result.Value.Account;
            Assert.Equal(ordinal, Account.MovementCount);
        }
    }
}
