using System.Collections.Concurrent;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Identities;

/// <summary>
/// Public keys ready to verify with, by their text; bounded. One per process, shared by its gateway and its identity grains. Holds no decision: whether a key is valid is asked of the
/// directory, or of the grain's own record, every time.
/// </summary>
public sealed class VerificationKeyCache(IOptions<IdentityOptions> options)
{
    private readonly ConcurrentDictionary<string, VerificationKey> _keys = new(StringComparer.Ordinal);

    /// <summary>The prepared key, or null when its text is no key (the verifier then says so).</summary>
    public VerificationKey? Prepare(IdentityKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_keys.TryGetValue(key.PublicKey, out var prepared))
        {
            return prepared;
        }

        var parsed = VerificationKey.Parse(key.PublicKey);
        if (!parsed.IsOk)
        {
            return null;
        }

        if (_keys.Count >= options.Value.PreparedKeysMax)
        {
            // Handles still in use live until their users drop them; the rest is finalised.
            _keys.Clear();
        }

        return _keys.GetOrAdd(key.PublicKey, parsed.Value);
    }
}
