using System.Collections.Immutable;
using System.Security.Cryptography;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

public sealed class RequestVerificationTests : IDisposable
{
    private static readonly DateTimeOffset Now = TestIdentity.Now;
    private readonly TestIdentity _alice = new();

    public void Dispose() => _alice.Dispose();

    [Fact]
    public void A_signed_request_names_its_signer()
    {
        using var hot = _alice.Add(KeyRole.Operator);
        var caller = Verify(_alice.Sign(hot)).Require();
        Assert.Equal((_alice.Id, hot.KeyId, KeyRole.Operator), (caller.Identity, caller.KeyId, caller.KeyRole));
        Assert.Equal(Now.AddMinutes(2), caller.Expires);
    }

    [Fact]
    public void Every_signed_part_changed_is_refused()
    {
        var good = _alice.Sign(_alice.Owner);
        Assert.True(Verify(good).IsOk);
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Method = "PUT" }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Path = "/v1/deployments/8/close" }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Query = "?x=2" }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Authority = "elsewhere" }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { IdempotencyKey = "idem-2" }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { BodySha256 = [.. SHA256.HashData("[]"u8)] }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Signature = good.Signature.SetItem(3, (byte)~good.Signature[3]) }));
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { Signature = [] }));
        var later = good.SignatureInput.Replace($"expires={Now.AddMinutes(2).ToUnixTimeSeconds()}", $"expires={Now.AddMinutes(4).ToUnixTimeSeconds()}", StringComparison.Ordinal);
        Assert.NotEqual(good.SignatureInput, later);
        Assert.Equal(IdentityError.SignatureInvalid, Code(good with { SignatureInput = later }));
    }

    [Fact]
    public void A_dropped_or_added_query_is_refused()
    {
        var good = _alice.Sign(_alice.Owner);
        Assert.Equal(IdentityError.SignatureMalformed, Code(good with { Query = "" }));
        Assert.Equal(IdentityError.SignatureMalformed, Code(_alice.Sign(_alice.Owner, uri: "http://localhost/v1/x") with { Query = "?a" }));
    }

    [Theory]
    [InlineData(-121, IdentityError.SignatureExpired)]
    [InlineData(-120, IdentityError.SignatureExpired)]
    [InlineData(-119, null)]
    [InlineData(30, null)]
    [InlineData(31, IdentityError.SignatureFromFuture)]
    public void The_time_of_the_signature_bounds_its_use(int createdSeconds, string? code) =>
        Assert.Equal(code, Code(_alice.Sign(_alice.Owner, Now.AddSeconds(createdSeconds))));

    [Theory]
    [InlineData(300, null)]
    [InlineData(301, IdentityError.SignatureLifetime)]
    [InlineData(0, IdentityError.SignatureLifetime)]
    [InlineData(-5, IdentityError.SignatureLifetime)]
    public void A_signature_lives_at_most_five_minutes(int seconds, string? code) =>
        Assert.Equal(code, Code(_alice.Sign(_alice.Owner, lifetime: TimeSpan.FromSeconds(seconds))));

    [Fact]
    public void Foreign_unknown_revoked_and_wrong_keys_are_refused()
    {
        using var hot = _alice.Add(KeyRole.Operator);
        using var node = _alice.Add(KeyRole.Node);
        using var stranger = SigningKey.Generate();
        Assert.Equal(IdentityError.KeyUnknown, Code(_alice.Sign(stranger)));
        Assert.Equal(IdentityError.KeyRole, Code(_alice.Sign(node)));
        Assert.Equal(IdentityError.KeyRole, Verify(_alice.Sign(hot), KeyRoles.Owner).Refusal?.Code);

        var request = _alice.Sign(hot);
        _alice.State = IdentityRules.RevokeKey(_alice.State, hot.KeyId, Now).Require();
        Assert.Equal(IdentityError.KeyRevoked, Code(request));

        using var bob = new TestIdentity();
        Assert.Equal(IdentityError.KeyUnknown, RequestVerification.Verify(_alice.Sign(_alice.Owner), bob.Keys, KeyRoles.Any, Now).Refusal?.Code);
    }

    [Fact]
    public void A_prepared_key_verifies_the_same_from_many_threads()
    {
        using var prepared = VerificationKey.Parse(_alice.Owner.PublicKey).Require();
        var good = _alice.Sign(_alice.Owner);
        var bad = good with { Path = "/other" };
        Parallel.For(0, 200, i =>
        {
            Assert.True(RequestVerification.Verify(good, _alice.Keys, KeyRoles.Any, Now, _ => prepared).IsOk);
            Assert.False(RequestVerification.Verify(bad, _alice.Keys, KeyRoles.Any, Now, _ => prepared).IsOk);
        });
    }

    [Fact]
    public void Parameters_may_stand_in_another_order_and_hold_a_nonce()
    {
        var reference = IdentityIds.Reference(_alice.Id, _alice.Owner.KeyId);
        var input = $"(\"idempotency-key\" \"content-digest\" \"@path\" \"@method\");alg=\"{SignatureBase.Algorithm}\";nonce=\"n;1\";keyid=\"{reference}\";expires={Now.AddMinutes(1).ToUnixTimeSeconds()};created={Now.ToUnixTimeSeconds()}";
        var request = new SignedRequest("POST", "", "/v1/x", "", [.. SHA256.HashData([])], "k", input, []);
        var text = SignatureBase.Build(request, ["idempotency-key", "content-digest", "@path", "@method"])!;
        Assert.True(Verify(request with { Signature = [.. _alice.Owner.Sign(text)] }).IsOk);
    }

    [Fact]
    public void The_signature_base_is_as_RFC_9421_lays_it_out()
    {
        var request = new SignedRequest("POST", "api.test:8080", "/v1/x%20y", "?q=1", [.. SHA256.HashData("hello"u8)], "k-1", "(…)", []);
        var text = SignatureBase.Build(request, SignatureBase.Components(hasQuery: true, bindAuthority: true));
        Assert.Equal(
            "\"@method\": POST\n\"@authority\": api.test:8080\n\"@path\": /v1/x%20y\n\"@query\": ?q=1\n"
            + "\"content-digest\": sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\n\"idempotency-key\": k-1\n\"@signature-params\": (…)",
            text);
    }

    [Fact]
    public void The_example_B_2_4_of_RFC_9421_verifies()
    {
        // Key and signature as printed in RFC 9421, appendix B.1.3 and B.2.4 (ecdsa-p256-sha256).
        const string Key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";
        const string Base = "\"@status\": 200\n\"content-type\": application/json\n"
            + "\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n\"content-length\": 23\n"
            + "\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"";
        var signature = Convert.FromBase64String("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==");
        using var key = VerificationKey.Parse(Key).Require();
        Assert.True(key.Verify(Base, signature));
        Assert.False(key.Verify(Base + " ", signature));
    }

    private DepinGrains.Contracts.Common.Result<SignedCaller> Verify(SignedRequest request, KeyRoles allowed = KeyRoles.OwnerOrOperator) =>
        RequestVerification.Verify(request, _alice.Keys, allowed, Now);

    private string? Code(SignedRequest request) => Verify(request).Refusal?.Code;
}
