using System.Collections.Immutable;

namespace DepinGrains.Domain.Escrow;

/// <summary>Picks the allowances one deposit draws on from those given to a depositor, shown to it oldest first.</summary>
public sealed class AllowanceChoice(string currency, AllowanceScopes scope, DateTimeOffset now)
{
    private readonly Dictionary<string, long> _wallets = new(StringComparer.Ordinal);
    private readonly List<(FundedAllowance Allowance, long Worth)> _found = [];

    /// <summary>What the best of those found so far can pay together.</summary>
    public Int128 Worth => Chosen().Aggregate(Int128.Zero, static (sum, f) => sum + f.Worth);

    /// <summary>True for one that may be drawn now; others need no look at their granter's wallet.</summary>
    public bool Wants(DepositAllowance allowance) => allowance.Usable(currency, scope, now) > 0;

    /// <summary>Takes one into account. Several of one granter share its wallet.</summary>
    /// <param name="available">What the granter's wallet can pay.</param>
    public void Add(DepositAllowance allowance, long available)
    {
        var wallet = _wallets.GetValueOrDefault(allowance.Granter, available);
        var worth = Math.Min(wallet, allowance.Usable(currency, scope, now));
        if (worth > 0)
        {
            _wallets[allowance.Granter] = wallet - worth;
            _found.Add((new FundedAllowance(allowance, available), worth));
        }
    }

    /// <summary>Those worth most, at most <see cref="EscrowLimits.DrawsMax"/>, in the order they were found.</summary>
    public ImmutableArray<FundedAllowance> Best() => [.. Chosen().Select(static f => f.Allowance)];

    private IEnumerable<(FundedAllowance Allowance, long Worth)> Chosen() => _found
        .Select(static (f, i) => (f.Allowance, f.Worth, Place: i))
        .OrderByDescending(static f => f.Worth).ThenBy(static f => f.Place)
        .Take(EscrowLimits.DrawsMax)
        .OrderBy(static f => f.Place)
        .Select(static f => (f.Allowance, f.Worth));
}
