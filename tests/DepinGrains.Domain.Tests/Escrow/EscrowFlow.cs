using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Escrow;

/// <summary>Plays a recorded flow of escrow-cases.json on our account.</summary>
internal sealed class EscrowFlow
{
    private const string Currency = "uact";
    private readonly int _feeBasisPoints;

    public EscrowFlow(JsonElement flow)
    {
        _feeBasisPoints = flow.GetProperty("take_rate_percent").GetInt32() * 100;
        var draws = flow.GetProperty("initial_deposits").EnumerateArray().Select(d => Draw(d[0].GetString()!, d[1].GetString()!));
        Account = EscrowOperations.Open("d1", Currency, "tenant", 0, [.. draws]).Require().Account;
    }

    public EscrowAccount Account { get; private set; }

    public ImmutableArray<EscrowMovement> Movements { get; private set; } = [];

    public static Rate[] Rates(JsonElement vector) => [.. vector.GetProperty("rates").EnumerateArray().Select(r => Rate.OfWhole(r.GetInt64()))];

    /// <summary>An account at height 0 with these deposits (zero ones left out) and one payment per rate.</summary>
    public static EscrowAccount OpenWith(DepositDraw[] deposits, Rate[] rates)
    {
        var account = EscrowOperations.Open("d1", Currency, "tenant", 0, [.. deposits.Where(d => d.Amount > 0)]).Require().Account;
        for (var i = 0; i < rates.Length; i++)
        {
            account = EscrowOperations.OpenPayment(account, 0, Currency, "lease" + i.ToString(CultureInfo.InvariantCulture), "provider", rates[i]).Require().Account;
        }

        return account;
    }

    public static bool Overdraws(JsonElement flow) =>
        flow.GetProperty("steps").EnumerateArray().Any(s => s.GetProperty("after").GetProperty("state").GetString() == "overdrawn");

    /// <summary>Flows recorded to show a defect that is mended here: the lost fraction, and ZD-3 in the last step of the FIFO flow.</summary>
    public static bool ShowsMendedDefect(JsonElement flow) => flow.GetProperty("name").GetString() is
        "fraction lost per settlement: two 10-block settles" or
        "sub-unit rate settled every block pays nothing" or
        "FIFO depositors, grant second";

    public EscrowStep Apply(JsonElement op)
    {
        var height = op[1].GetInt64();
        var step = op[0].GetString() switch
        {
            "lease" => EscrowOperations.OpenPayment(Account, height, Currency, op[2].GetString()!, op[2].GetString()!, Rate.Parse(op[3].GetString()!)).Require(),
            "withdraw" => EscrowOperations.WithdrawPayment(Account, height, op[2].GetString()!, _feeBasisPoints).Require(),
            "close_payment" => EscrowOperations.ClosePayment(Account, height, op[2].GetString()!, _feeBasisPoints).Require(),
            "close_account" => EscrowOperations.CloseAccount(Account, height, _feeBasisPoints).Require(),
            "deposit" => EscrowOperations.Deposit(Account, height, Currency, Draw(op[2].GetString()!, op[3].GetString()!)).Require(),
            "settle" => EscrowOperations.Settle(Account, height),
            var other => throw new InvalidOperationException(other),
        };
        (Account, Movements) = (step.Account, step.Movements);
        return step;
    }

    public void AssertMatches(JsonElement after)
    {
        Assert.Equal(after.GetProperty("state").GetString() == "open" ? EscrowStatus.Open : EscrowStatus.Closed, Account.Status);
        Assert.Equal(Number(after, "funds"), Account.Funds);
        Assert.Equal(Number(after, "transferred"), Account.Transferred);
        Assert.Equal(after.GetProperty("settled_at").GetInt64(), Account.SettledAt);
        Assert.Equal(Pairs(after.GetProperty("deposits")), Account.Deposits.Select(d => (Party(d.Depositor, d.GrantId), d.Left)));
        Assert.Equal(Pairs(after.GetProperty("transfers")), Movements.Where(m => m.Kind != EscrowMovementKind.Deposit).Select(m => (Party(m), m.Amount)));
        foreach (var (wanted, payment) in after.GetProperty("payments").EnumerateArray().Zip(Account.Payments))
        {
            Assert.Equal(wanted.GetProperty("name").GetString(), payment.Id);
            Assert.Equal(wanted.GetProperty("state").GetString(), payment.Status == EscrowPaymentStatus.Open ? "open" : "closed");
            Assert.Equal(wanted.GetProperty("rate").GetString(), payment.Rate.ToString());
            Assert.Equal(Number(wanted, "balance"), payment.Payable);
            Assert.Equal(Number(wanted, "withdrawn"), payment.Withdrawn);
        }
    }

    private static (string, long)[] Pairs(JsonElement pairs) =>
        [.. pairs.EnumerateArray().Select(p => (p[0].GetString()!, long.Parse(p[1].GetString()!, CultureInfo.InvariantCulture)))];

    private static string Party(EscrowMovement movement) => movement.Kind == EscrowMovementKind.Fee ? "fee_pool" : Party(movement.Party, movement.GrantId);

    private static string Party(string who, string? grantId) => grantId is null ? who : who + "(grant)";

    private static long Number(JsonElement element, string name) => long.Parse(element.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private static DepositDraw Draw(string who, string amount)
    {
        var grant = who.IndexOf("(grant)", StringComparison.Ordinal);
        var value = long.Parse(amount, CultureInfo.InvariantCulture);
        return grant < 0 ? new DepositDraw(who, null, value) : new DepositDraw(who[..grant], "grant-1", value);
    }
}
