using DepinGrains.Contracts.Identities;

namespace DepinGrains.Contracts.Staking;

/// <summary>Keys of staking grains.</summary>
public static class StakeKeys
{
    /// <summary><c>denom/hotkey</c> (<see cref="IStakeGrain"/>), <c>denom/coldkey</c> (<see cref="IStakerGrain"/>).</summary>
    public static string Of(string denom, string key) => $"{denom}/{key}";

    /// <summary>Takes a key apart.</summary>
    public static (string Denom, string Key) Split(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", key) : (key[..slash], key[(slash + 1)..]);
    }

    /// <summary>The coldkey that owns a hotkey, or null when it is no hotkey (<c>id_…/key_…</c>).</summary>
    public static string? OwnerOf(string? hotkey) => IdentityIds.TryParseReference(hotkey, out var owner, out _) ? owner : null;
}

/// <summary>Ledger accounts of stake, in each token's own ledger. A hotkey's whole stake is <see cref="Own"/> + <see cref="Pool"/>.</summary>
public static class StakeAccounts
{
    /// <summary>The owner's own stake; its take, what it mined and what rounding leaves come here.</summary>
    public static string Own(string hotkey) => $"stake/{hotkey}/own";

    /// <summary>All delegators' stake, one pool of shares.</summary>
    public static string Pool(string hotkey) => $"stake/{hotkey}/pool";

    /// <summary>Stake on its way out of a hotkey.</summary>
    public static string Unbonding(string hotkey) => $"unbonding/{hotkey}";

    /// <summary>Stake of a coldkey between two hotkeys.</summary>
    public static string Transit(string coldkey) => $"stake/moving/{coldkey}";
}
