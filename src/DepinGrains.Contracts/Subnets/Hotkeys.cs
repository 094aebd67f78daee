using System.Diagnostics.CodeAnalysis;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Contracts.Subnets;

/// <summary>
/// Cold and hot keys in the words of subnets: a coldkey is an identity (<c>id_…</c>, its wallet pays and is paid), a hotkey is one of its keys by reference, <c>id_…/key_…</c>. Who owns a hotkey is part
/// of its name; whether the key is valid, its identity's grain knows. What a hotkey does is signed by that key itself or by an owner (cold) key of the same identity.
/// </summary>
public static class Hotkeys
{
    /// <summary>Length of every hotkey.</summary>
    public const int Length = IdentityIds.IdentityLength + 1 + IdentityIds.KeyLength;

    /// <summary>The hotkey that is key <paramref name="keyId"/> of <paramref name="coldkey"/>.</summary>
    public static string Of(string coldkey, string keyId) => IdentityIds.Reference(coldkey, keyId);

    /// <summary>Takes a hotkey apart; false when it is not one.</summary>
    public static bool TryParse(string? hotkey, [NotNullWhen(true)] out string? coldkey, [NotNullWhen(true)] out string? keyId) =>
        IdentityIds.TryParseReference(hotkey, out coldkey, out keyId);

    /// <summary>The coldkey of a hotkey that was checked before.</summary>
    public static string Coldkey(string hotkey) => TryParse(hotkey, out var coldkey, out _) ? coldkey : throw new FormatException($"{hotkey} is no hotkey");

    /// <summary>Whether a request signed by <paramref name="signer"/> may act for the hotkey: by the key itself, or by an owner key of its identity.</summary>
    public static bool MaySign(string hotkey, SignedCaller signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        return TryParse(hotkey, out var coldkey, out var key) && signer.Identity == coldkey && (signer.KeyId == key || signer.KeyRole == KeyRole.Owner);
    }
}
