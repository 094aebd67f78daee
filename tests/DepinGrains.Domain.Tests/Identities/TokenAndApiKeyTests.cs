using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

public sealed class TokenAndApiKeyTests : IDisposable
{
    private const string Audience = "depin-test";
    private static readonly DateTimeOffset Now = TestIdentity.Now;
    private readonly TestIdentity _alice = new();

    public void Dispose() => _alice.Dispose();

    [Fact]
    public void A_token_says_who_what_and_until_when()
    {
        var claims = Verify(Issue(lease: "lease_1")).Require();
        Assert.Equal((_alice.Id, _alice.Owner.KeyId, "lease_1"), (claims.Identity, claims.KeyId, claims.Lease));
        Assert.Equal(["read", "leases:shell"], claims.Scopes);
        Assert.Equal(Now.AddMinutes(10), claims.Expires);
    }

    [Fact]
    public void Late_early_long_foreign_and_forged_tokens_are_refused()
    {
        Assert.Equal(IdentityError.TokenExpired, Code(Issue(at: Now.AddMinutes(-10))));
        Assert.Equal(IdentityError.TokenFromFuture, Code(Issue(at: Now.AddSeconds(31))));
        Assert.Null(Code(Issue(lifetime: TimeSpan.FromMinutes(15))));
        Assert.Equal(IdentityError.TokenLifetime, Code(Issue(lifetime: TimeSpan.FromSeconds(901))));
        Assert.Equal(IdentityError.TokenAudience, Code(new TokenIssuer(_alice.Owner, _alice.Id, "other", new FixedTime(Now)).Issue(["read"])));
        using var mallory = SigningKey.Generate();
        Assert.Equal(IdentityError.KeyUnknown, Code(new TokenIssuer(mallory, _alice.Id, Audience, new FixedTime(Now)).Issue(["read"])));

        var parts = Issue().Split('.');
        var payload = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("read", "admin:all", StringComparison.Ordinal);
        Assert.Equal(IdentityError.TokenInvalid, Code($"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.{parts[2]}"));
        using var hot = _alice.Add(KeyRole.Operator);
        var token = new TokenIssuer(hot, _alice.Id, Audience, new FixedTime(Now)).Issue(["read"]);
        Assert.Null(Code(token));
        _alice.State = IdentityRules.RevokeKey(_alice.State, hot.KeyId, Now).Require();
        Assert.Equal(IdentityError.KeyRevoked, Code(token));
    }

    [Theory]
    [InlineData("{\"alg\":\"none\",\"kid\":\"K\"}", null)]
    [InlineData("{\"alg\":\"HS256\",\"kid\":\"K\"}", null)]
    [InlineData("{\"alg\":\"ES256\",\"alg\":\"ES256\",\"kid\":\"K\"}", null)]
    [InlineData("{\"alg\":\"ES256\",\"kid\":\"K\",\"crit\":[\"x\"]}", null)]
    [InlineData("[]", null)]
    [InlineData("7", null)]
    [InlineData(null, "{}")]
    [InlineData(null, "null")]
    [InlineData(null, "{\"iss\":\"I\",\"sub\":\"I\",\"aud\":[\"depin-test\"],\"iat\":1,\"exp\":2,\"scope\":\"read\"}")]
    [InlineData(null, "{\"iss\":\"I\",\"sub\":\"I\",\"aud\":\"depin-test\",\"iat\":1e400,\"exp\":2,\"scope\":\"read\"}")]
    [InlineData(null, "{\"iss\":\"I\",\"sub\":\"I\",\"aud\":\"depin-test\",\"iat\":-1,\"exp\":2,\"scope\":\"read\"}")]
    [InlineData(null, "{\"iss\":\"I\",\"sub\":\"other\",\"aud\":\"depin-test\",\"iat\":1,\"exp\":2,\"scope\":\"read\"}")]
    [InlineData(null, "{\"iss\":\"I\",\"sub\":\"I\",\"aud\":\"depin-test\",\"iat\":1,\"exp\":2,\"scope\":\"read\",\"lease\":7}")]
    public void Unreadable_tokens_are_refused(string? header, string? payload)
    {
        var reference = IdentityIds.Reference(_alice.Id, _alice.Owner.KeyId);
        header ??= "{\"alg\":\"ES256\",\"kid\":\"K\"}";
        payload ??= "{\"iss\":\"I\",\"sub\":\"I\",\"aud\":\"depin-test\",\"iat\":1,\"exp\":2,\"scope\":\"read\"}";
        var text = Part(header.Replace("\"K\"", $"\"{reference}\"", StringComparison.Ordinal)) + "." + Part(payload.Replace("\"I\"", $"\"{_alice.Id}\"", StringComparison.Ordinal));
        Assert.Equal(IdentityError.TokenMalformed, Code(text + "." + Base64Url.EncodeToString(_alice.Owner.Sign(text))));

        static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("....")]
    public void Text_that_is_no_token_is_refused(string text)
    {
        Assert.Equal(IdentityError.TokenMalformed, Code(text));
        Assert.Equal(IdentityError.TokenMalformed, Code(text + new string('x', 5_000)));
    }

    [Fact]
    public void An_api_key_is_found_by_its_prefix_and_checked_by_its_secret()
    {
        var secret = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var (state, record) = Create(secret, ["ledger:read"]).Require();
        var text = ApiKeyText.Format(record.Prefix, secret);
        Assert.True(ApiKeyText.TryParse(text, out var identity, out var prefix, out var parsed));
        Assert.Equal((_alice.Id, record.Prefix), (identity, prefix));
        var keys = state.ToKeys(1);
        Assert.Equal(record, ApiKeyRules.Check(keys, prefix, parsed, Now).Require());
        Assert.Equal(IdentityError.ApiKeyInvalid, ApiKeyRules.Check(keys, prefix, new byte[32], Now).Refusal?.Code);
        Assert.Equal(IdentityError.ApiKeyInvalid, ApiKeyRules.Check(keys, "x", parsed, Now).Refusal?.Code);
        Assert.Equal(IdentityError.ApiKeyInvalid, ApiKeyRules.Check(null, prefix, parsed, Now).Refusal?.Code);
        Assert.Equal(IdentityError.ApiKeyExpired, ApiKeyRules.Check(keys, prefix, parsed, record.ExpiresAt).Refusal?.Code);
        var revoked = ApiKeyRules.Revoke(state, prefix, Now).Require().Identity.ToKeys(2);
        Assert.Equal(IdentityError.ApiKeyRevoked, ApiKeyRules.Check(revoked, prefix, parsed, Now).Refusal?.Code);
        Assert.DoesNotContain(Convert.ToBase64String(secret), state.ToString(), StringComparison.Ordinal);
        Assert.All(state.ToView(1).ApiKeys, key => Assert.Equal("", key.SecretSha256));
    }

    [Fact]
    public void Api_keys_are_bounded_in_scopes_life_and_number()
    {
        Assert.Equal(IdentityError.ScopeInvalid, Create(new byte[32], []).Refusal?.Code);
        Assert.Equal(IdentityError.ScopeInvalid, Create(new byte[32], default).Refusal?.Code);
        Assert.Equal(IdentityError.ScopeInvalid, Create(new byte[32], ["Read"]).Refusal?.Code);
        Assert.Equal(IdentityError.ScopeInvalid, Create(new byte[32], ["read", "read"]).Refusal?.Code);
        Assert.Equal(IdentityError.ScopeInvalid, Create(new byte[32], [null!]).Refusal?.Code);
        Assert.Equal(IdentityError.ApiKeyLifetime, Create(new byte[32], ["read"], days: 367).Refusal?.Code);
        Assert.Equal(IdentityError.ApiKeyLifetime, Create(new byte[32], ["read"], days: 0).Refusal?.Code);
        for (var i = 0; i < IdentityLimits.ValidApiKeysMax; i++)
        {
            _alice.State = Create(new byte[32], ["read"], operation: "op" + i).Require().Identity;
        }

        Assert.Equal(IdentityError.ApiKeyLimit, Create(new byte[32], ["read"]).Refusal?.Code);
    }

    [Fact]
    public void Old_revoked_api_keys_make_room_for_new_ones()
    {
        for (var i = 0; i < IdentityLimits.ApiKeysMax + 10; i++)
        {
            var (state, key) = Create(new byte[32], ["read"], operation: "op" + i).Require();
            _alice.State = ApiKeyRules.Revoke(state, key.Prefix, Now).Require().Identity;
        }

        Assert.Equal(IdentityLimits.ApiKeysMax, _alice.State.ApiKeys.Length);
    }

    [Theory]
    [InlineData("read", true)]
    [InlineData("leases:shell", true)]
    [InlineData("Leases:read", false)]
    [InlineData("a:b:c", false)]
    [InlineData(":read", false)]
    [InlineData("leases:", false)]
    [InlineData("write", false)]
    [InlineData("", false)]
    [InlineData("a\0:b", false)]
    public void Scopes_have_one_form(string scope, bool valid) => Assert.Equal(valid, Scopes.IsValid(scope));

    [Fact]
    public void The_scope_read_covers_reads_only()
    {
        Assert.True(Scopes.Covers(["read"], "leases:read"));
        Assert.False(Scopes.Covers(["read"], "leases:shell"));
        Assert.True(Scopes.Covers(["x:y", "leases:shell"], "leases:shell"));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "aa")]
    [InlineData(2, "aaaq")]
    [InlineData(5, "aaaqeaye")]
    public void Base32_is_RFC_4648_in_lower_case_without_padding(int length, string text) =>
        Assert.Equal(text, Base32.Encode([.. Enumerable.Range(0, length).Select(i => (byte)i)]));

    [Fact]
    public void Base32_fits_the_RFC_vectors() => Assert.Equal("mzxw6ytboi", Base32.Encode("foobar"u8));

    private Result<(Identity Identity, ApiKeyRecord Key)> Create(byte[] secret, ImmutableArray<string> scopes, int days = 30, string operation = "op") =>
        ApiKeyRules.Create(_alice.State, ApiKeyText.Prefix(_alice.Id, operation), "ci", ApiKeyText.Hash(secret), scopes, Now.AddDays(days), Now);

    private string Issue(DateTimeOffset? at = null, TimeSpan? lifetime = null, string? lease = null) =>
        new TokenIssuer(_alice.Owner, _alice.Id, Audience, new FixedTime(at ?? Now)).Issue(["read", "leases:shell"], lifetime, lease);

    private Result<TokenClaims> Verify(string token)
    {
        var parsed = TokenVerification.Parse(token);
        return parsed.IsOk ? TokenVerification.Verify(parsed.Value, _alice.Keys, Audience, Now) : parsed.Refusal;
    }

    private string? Code(string token) => Verify(token).Refusal?.Code;
}
