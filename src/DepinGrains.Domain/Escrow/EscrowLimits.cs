namespace DepinGrains.Domain.Escrow;

/// <summary>Bounds that keep every loop and sum of one escrow account small.</summary>
public static class EscrowLimits
{
    /// <summary>Deposit entries with money left; neighbours from one source are one entry.</summary>
    public const int DepositsMax = 64;

    /// <summary>Entries anybody may fill; the rest is kept for the owner. From here on a deposit of a source that has an entry joins it, wherever it stands.</summary>
    public const int SharedMax = 32;

    /// <summary>Most allowances one deposit draws on, so that the owner's fits into what is kept for it, whatever source each part turns out to have.</summary>
    public const int DrawsMax = 8;

    /// <summary>Payments kept; when full, the oldest closed one is forgotten (its total stays in <see cref="EscrowAccount.ForgottenWithdrawn"/>).</summary>
    public const int PaymentsMax = 256;

    /// <summary>Highest sum of deposits ever put into one account, minor units.</summary>
    public const long DepositedMax = 1_000_000_000_000_000_000;

    /// <summary>Longest id of an account, payment, identity or grant.</summary>
    public const int IdLengthMax = 200;
}
