using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

/// <summary>An identity with its private keys, at a fixed time.</summary>
internal sealed class TestIdentity : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public TestIdentity()
    {
        var id = IdentityIds.ForFirstKey(Owner.KeyId, "s");
        State = IdentityRules.Register(id, Owner.PublicKey, "s", "alice", IdentityRoles.Tenant, false, Now).Require();
    }

    public SigningKey Owner { get; } = SigningKey.Generate();

    public Identity State { get; set; }

    public string Id => State.Id;

    public IdentityKeys Keys => State.ToKeys(1);

    public SigningKey Add(KeyRole role)
    {
        var key = SigningKey.Generate();
        State = IdentityRules.AddKey(State, key.ToNewKey(Id, role, "k"), Now).Require();
        return key;
    }

    public SignedRequest Sign(SigningKey key, DateTimeOffset? at = null, string uri = "http://localhost/v1/deployments/7/close?x=1", string body = "{}", TimeSpan? lifetime = null) =>
        new RequestSigner(key, Id, new FixedTime(at ?? Now)) { Lifetime = lifetime ?? TimeSpan.FromMinutes(2) }
            .Sign("POST", new Uri(uri), System.Text.Encoding.UTF8.GetBytes(body), "idem-1");

    public void Dispose() => Owner.Dispose();
}

internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
