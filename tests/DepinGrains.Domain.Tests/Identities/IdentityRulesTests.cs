using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

public sealed class IdentityRulesTests : IDisposable
{
    private static readonly DateTimeOffset Now = TestIdentity.Now;
    private readonly TestIdentity _alice = new();

    public void Dispose() => _alice.Dispose();

    [Fact]
    public void The_id_derives_from_first_key_and_salt_and_outlives_the_key()
    {
        Assert.True(IdentityIds.IsIdentity(_alice.Id));
        Assert.NotEqual(_alice.Id, IdentityIds.ForFirstKey(_alice.Owner.KeyId, "t"));
        Assert.Equal(IdentityError.IdMismatch, IdentityRules.Register(_alice.Id, _alice.Owner.PublicKey, "t", "", IdentityRoles.None, false, Now).Refusal?.Code);

        using var next = SigningKey.Generate();
        var after = IdentityRules.RotateKey(_alice.State, _alice.Owner.KeyId, next.ToNewKey(_alice.Id, KeyRole.Owner, "new"), Now).Require();
        Assert.Equal(_alice.Id, after.Id);
        Assert.Equal((Now, next.KeyId), (after.Keys[0].RevokedAt, after.Keys[0].ReplacedBy));
        Assert.Null(after.Keys[1].RevokedAt);
    }

    [Fact]
    public void The_last_owner_key_stays()
    {
        Assert.Equal(IdentityError.LastOwnerKey, IdentityRules.RevokeKey(_alice.State, _alice.Owner.KeyId, Now).Refusal?.Code);
        using var second = _alice.Add(KeyRole.Owner);
        var after = IdentityRules.RevokeKey(_alice.State, _alice.Owner.KeyId, Now).Require();
        Assert.Equal(2, after.Keys.Length);
        Assert.Equal(IdentityError.LastOwnerKey, IdentityRules.RevokeKey(after, second.KeyId, Now).Refusal?.Code);
        Assert.Equal(IdentityError.KeyRevoked, IdentityRules.RevokeKey(after, _alice.Owner.KeyId, Now).Refusal?.Code);
        Assert.Equal(IdentityError.KeyNotFound, IdentityRules.RevokeKey(after, "key_\0x", Now).Refusal?.Code);
    }

    [Fact]
    public void A_key_is_listed_only_with_its_holders_proof_and_never_twice()
    {
        using var key = SigningKey.Generate();
        var good = key.ToNewKey(_alice.Id, KeyRole.Node, "n");
        Assert.Equal(IdentityError.KeyProofInvalid, IdentityRules.AddKey(_alice.State, good with { Role = KeyRole.Owner }, Now).Refusal?.Code);
        Assert.Equal(IdentityError.KeyProofInvalid, IdentityRules.AddKey(_alice.State, good with { Proof = "" }, Now).Refusal?.Code);
        using var bob = new TestIdentity();
        Assert.Equal(IdentityError.KeyProofInvalid, IdentityRules.AddKey(bob.State, good, Now).Refusal?.Code);
        var state = IdentityRules.AddKey(_alice.State, good, Now).Require();
        Assert.Equal(IdentityError.KeyExists, IdentityRules.AddKey(state, good, Now).Refusal?.Code);
        var revoked = IdentityRules.RevokeKey(state, key.KeyId, Now).Require();
        Assert.Equal(IdentityError.KeyExists, IdentityRules.AddKey(revoked, good, Now).Refusal?.Code);
        Assert.Equal(IdentityError.KeyRole, IdentityRules.RotateKey(_alice.State, _alice.Owner.KeyId, good, Now).Refusal?.Code);
    }

    [Fact]
    public void Keys_are_bounded()
    {
        for (var i = 1; i < IdentityLimits.ValidKeysMax; i++)
        {
            _alice.Add(KeyRole.Node).Dispose();
        }

        using var one = SigningKey.Generate();
        Assert.Equal(IdentityError.KeyLimit, IdentityRules.AddKey(_alice.State, one.ToNewKey(_alice.Id, KeyRole.Node, ""), Now).Refusal?.Code);
        Assert.True(IdentityRules.RotateKey(_alice.State, _alice.State.Keys[5].KeyId, one.ToNewKey(_alice.Id, KeyRole.Node, ""), Now).IsOk);
    }

    public static TheoryData<string> BadKeys() =>
    [
        "", "x", new string('A', 124), new string('\0', 124), Convert.ToBase64String(new byte[91]),
        // The right curve, but a point beside it.
        Convert.ToBase64String([.. Convert.FromHexString("3059301306072A8648CE3D020106082A8648CE3D03010703420004"), .. Enumerable.Repeat((byte)1, 64)]),
        // Infinity-like zeros.
        Convert.ToBase64String([.. Convert.FromHexString("3059301306072A8648CE3D020106082A8648CE3D03010703420004"), .. new byte[64]]),
    ];

    [Theory]
    [MemberData(nameof(BadKeys))]
    public void What_is_no_P256_key_is_refused(string text) => Assert.Equal(IdentityError.KeyInvalid, VerificationKey.Parse(text).Refusal?.Code);

    [Fact]
    public void Keys_of_other_curves_are_refused()
    {
        using var other = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        Assert.Equal(IdentityError.KeyInvalid, VerificationKey.Parse(Convert.ToBase64String(other.ExportSubjectPublicKeyInfo())).Refusal?.Code);
        Assert.Throws<System.Security.Cryptography.CryptographicException>(() => SigningKey.FromPem(other.ExportPkcs8PrivateKeyPem()));
        Assert.Throws<System.Security.Cryptography.CryptographicException>(() => SigningKey.FromPem("nothing"));
    }

    [Fact]
    public void The_operator_role_is_never_self_claimed()
    {
        Assert.Equal(IdentityError.RoleNotAllowed, IdentityRules.Register(_alice.Id, _alice.Owner.PublicKey, "s", "", IdentityRoles.Operator, false, Now).Refusal?.Code);
        Assert.True(IdentityRules.Register(_alice.Id, _alice.Owner.PublicKey, "s", "", IdentityRoles.Operator, true, Now).IsOk);
        Assert.Equal(IdentityError.RoleNotAllowed, IdentityRules.SetRoles(_alice.State, IdentityRoles.Operator, false).Refusal?.Code);
        Assert.Equal(IdentityError.RoleNotAllowed, IdentityRules.SetRoles(_alice.State, (IdentityRoles)64, true).Refusal?.Code);
        var op = IdentityRules.SetRoles(_alice.State, IdentityRoles.Operator, true).Require();
        Assert.Equal(IdentityRoles.Operator | IdentityRoles.Provider, IdentityRules.SetRoles(op, IdentityRoles.Operator | IdentityRoles.Provider, false).Require().Roles);
        Assert.False(IdentityRules.SetRoles(op, IdentityRoles.Provider, false).IsOk);
    }

    [Fact]
    public void Text_no_store_can_keep_is_refused()
    {
        // Not InlineData: attributes are UTF-8, where half a surrogate pair does not survive.
        foreach (var label in new[] { "a\0b", "\ud800", "x\udc00y", "\udc00\ud800", "line\nbreak" })
        {
            Assert.Equal(IdentityError.TextInvalid, IdentityRules.Register(_alice.Id, _alice.Owner.PublicKey, "s", label, IdentityRoles.Tenant, false, Now).Refusal?.Code);
        }
    }

    [Fact]
    public void Long_text_is_refused_and_emoji_are_not()
    {
        Assert.Equal(IdentityError.TextInvalid, IdentityRules.Text(new string('x', 1_000_000), "label", 64)?.Code);
        Assert.Null(IdentityRules.Text("Zoë 🦀", "label", 64));
    }

    [Fact]
    public void An_agents_hello_is_checked_against_nonce_clock_and_key()
    {
        using var node = SigningKey.Generate();
        var ms = Now.ToUnixTimeMilliseconds();
        var hello = new AgentHello("node_1", "n1", ms, NodeKey.SignHello(node, "node_1", "n1", ms), null!, "1.0", "b");
        Assert.Null(AgentHelloVerification.Check(hello, node.PublicKey, "n1", Now));
        Assert.Equal(IdentityError.SignatureInvalid, AgentHelloVerification.Check(hello, node.PublicKey, "n2", Now)?.Code);
        Assert.Equal(IdentityError.SignatureInvalid, AgentHelloVerification.Check(hello, _alice.Owner.PublicKey, "n1", Now)?.Code);
        Assert.Equal(IdentityError.SignatureInvalid, AgentHelloVerification.Check(hello with { Node = "node_2" }, node.PublicKey, "n1", Now)?.Code);
        Assert.Equal(IdentityError.SignatureInvalid, AgentHelloVerification.Check(hello with { Signature = null! }, node.PublicKey, "n1", Now)?.Code);
        Assert.Equal(IdentityError.SignatureExpired, AgentHelloVerification.Check(hello with { TimestampMs = long.MinValue }, node.PublicKey, "n1", Now)?.Code);
    }

    [Fact]
    public void A_key_file_is_made_once_and_readable_by_its_owner_alone()
    {
        var path = Path.Combine(Path.GetTempPath(), "depin-test-" + Guid.NewGuid().ToString("N"), "node.pem");
        try
        {
            using var first = SigningKey.LoadOrCreate(path);
            using var again = SigningKey.LoadOrCreate(path);
            Assert.Equal(first.KeyId, again.KeyId);
            Assert.Throws<IOException>(() => first.Save(path));
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }
}
