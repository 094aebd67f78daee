using DepinGrains.Contracts.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>Where the gateway learns an identity's keys.</summary>
public interface IKeyDirectory
{
    /// <summary>Keys of an identity, or null when nobody registered it. May be a few seconds old unless <paramref name="fresh"/>.</summary>
    /// <param name="identity">An identity id, or a key reference <c>id_…/key_…</c>.</param>
    /// <param name="fresh">Ask again: the answer at hand did not hold the key.</param>
    /// <param name="cancel">Ends the wait, not the look-up.</param>
    ValueTask<IdentityKeys?> FindAsync(string identity, bool fresh = false, CancellationToken cancel = default);

    /// <summary>Forgets what is kept of an identity: it was just changed through this gateway.</summary>
    void Forget(string identity);
}
