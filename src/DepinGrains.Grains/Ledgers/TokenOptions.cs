using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Ledgers;

/// <summary>One token that has a ledger.</summary>
public sealed class TokenOptions
{
    /// <summary>The minor denomination; key of the ledger.</summary>
    [Required, RegularExpression("^[a-z][a-z0-9]{1,31}$")]
    public string Denom { get; set; } = "";

    /// <summary>What people call the whole unit.</summary>
    [Required, RegularExpression("^[A-Z][A-Z0-9]{1,11}$")]
    public string Symbol { get; set; } = "";

    /// <summary>Minor units of one whole unit, as a power of ten.</summary>
    [Range(0, 18)]
    public int Decimals { get; set; } = 6;

    /// <summary>Other names of the same token, such as the ibc denomination in old SDL files.</summary>
    public IList<string> Aliases { get; } = [];

    /// <summary>Denominations this credit, worth one dollar, is minted from; its sources, in the order they leave a wallet. Empty: no credit.</summary>
    public IList<string> MintedFrom { get; } = [];

    /// <summary>The network's own token: converting credit back may mint more of it than was burned. Others are given back at most as they came in.</summary>
    public bool Native { get; set; }

    /// <summary>Whether it can be staked. Credit cannot: what it was minted from would be lost on the way.</summary>
    public bool Staked { get; set; }
}

/// <summary>All tokens; configuration replaces the list.</summary>
public sealed class TokenListOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tokens";

    /// <summary>Axelar and Noble USDC as Akash names it on chain.</summary>
    public const string UsdcIbcDenom = "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1";

    /// <summary>The tokens; empty means AKT, ACT, USDC and TAO.</summary>
    public IList<TokenOptions> List { get; } = [];

    /// <summary>AKT, ACT and USDC, 6 decimals each, and TAO with 9.</summary>
    public static IReadOnlyList<TokenOptions> Default { get; } =
    [
        new() { Denom = "uakt", Symbol = "AKT", Native = true, Staked = true },
        new() { Denom = "uact", Symbol = "ACT", MintedFrom = { "uusdc", "uakt" } },
        new() { Denom = "uusdc", Symbol = "USDC", Aliases = { UsdcIbcDenom } },
        new() { Denom = "rao", Symbol = "TAO", Decimals = 9, Native = true, Staked = true },
    ];
}
