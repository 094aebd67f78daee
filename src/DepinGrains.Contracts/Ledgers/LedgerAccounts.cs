namespace DepinGrains.Contracts.Ledgers;

/// <summary>Names of ledger accounts, in one place. Only <see cref="Issuance"/> may go below zero: supply = −its balance.</summary>
public static class LedgerAccounts
{
    /// <summary>The account money is minted from and burned into.</summary>
    public const string Issuance = "issuance";

    /// <summary>Take fees and taxes gather here; spent by operator proposal.</summary>
    public const string CommunityPool = "pool/community";

    /// <summary>The spendable account of an identity.</summary>
    public static string Wallet(string identity) => "wallet/" + identity;

    /// <summary>The money of one escrow account (a deployment, job or cluster).</summary>
    public static string Escrow(string escrow) => "escrow/" + escrow;
}
