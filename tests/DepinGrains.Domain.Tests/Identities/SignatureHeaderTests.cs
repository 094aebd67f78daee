using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

public sealed class SignatureHeaderTests
{
    private const string Reference = "id_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/key_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    private const string Good = "(\"@method\" \"@path\" \"content-digest\" \"idempotency-key\");created=1;expires=2;keyid=\"" + Reference + "\";alg=\"ecdsa-p256-sha256\"";

    [Fact]
    public void A_good_input_is_read()
    {
        var input = SignatureInput.Parse(Good).Require();
        Assert.Equal(["@method", "@path", "content-digest", "idempotency-key"], input.Components);
        Assert.Equal(("id_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "key_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), (input.Identity, input.KeyId));
        Assert.Null(input.Covers(hasQuery: false));
        Assert.NotNull(input.Covers(hasQuery: true));
    }

    public static TheoryData<string> BadInputs() =>
    [
        "", "(", ")", "()", "x", "(\"@method\"", "(@method)" + Rest(), "(\"@method\" \"@method\")" + Rest(), "(\"@method\"  \"@path\")" + Rest(), "(\"a\"b\")" + Rest(),
        "(\"1\" \"2\" \"3\" \"4\" \"5\" \"6\" \"7\")" + Rest(),
        Good + ";", Good + ";created", Good + ";created=", Good + ";created=5", Good + ";extra=1", Good + "\n", Good + "é", Good + new string(' ', 600),
        Good.Replace("created=1", "created=-1", StringComparison.Ordinal), Good.Replace("created=1", "created=1.5", StringComparison.Ordinal),
        Good.Replace("created=1", "created=999999999999999999999", StringComparison.Ordinal), Good.Replace("created=1;", "", StringComparison.Ordinal),
        Good.Replace("sha256\"", "sha512\"", StringComparison.Ordinal), Good.Replace("alg=\"", "alg=", StringComparison.Ordinal), Good.Replace(Reference, "key_1", StringComparison.Ordinal),
        Good.Replace("keyid=\"", "keyid=", StringComparison.Ordinal), Good.Replace("keyid=\"" + Reference + "\"", "keyid=\"", StringComparison.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(BadInputs))]
    public void A_bad_input_is_refused_and_never_throws(string text) => Assert.Equal(IdentityError.SignatureMalformed, SignatureInput.Parse(text).Refusal?.Code);

    [Fact]
    public void Random_damage_never_throws()
    {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var text = Good.ToCharArray();
            for (var j = random.Next(1, 5); j > 0; j--)
            {
                text[random.Next(text.Length)] = (char)random.Next(32, 127);
            }

            var cut = new string(text, 0, random.Next(1, text.Length + 1));
            _ = SignatureInput.Parse(cut);
            _ = SignatureHeaders.Parse(cut, cut);
            _ = SignatureHeaders.ParseDigest(cut);
            _ = TokenVerification.Parse(cut);
        }
    }

    [Fact]
    public void Missing_or_unlike_headers_are_refused()
    {
        var signature = "sig1=:" + Convert.ToBase64String(new byte[64]) + ":";
        Assert.True(SignatureHeaders.Parse("sig1=" + Good, signature).IsOk);
        Assert.Equal(IdentityError.SignatureMissing, SignatureHeaders.Parse(null, signature).Refusal?.Code);
        Assert.Equal(IdentityError.SignatureMissing, SignatureHeaders.Parse("sig1=" + Good, "").Refusal?.Code);
        Assert.Equal(IdentityError.SignatureMalformed, SignatureHeaders.Parse("sig2=" + Good, signature).Refusal?.Code);
        Assert.Equal(IdentityError.SignatureMalformed, SignatureHeaders.Parse("sig1=" + Good, "sig1=:" + Convert.ToBase64String(new byte[63]) + ":").Refusal?.Code);
        Assert.Equal(IdentityError.SignatureMalformed, SignatureHeaders.Parse("sig1=" + Good, signature + ", sig2=:AA==:").Refusal?.Code);
    }

    [Fact]
    public void A_digest_is_found_beside_others()
    {
        var digest = SignatureBase.ContentDigest(new byte[32]);
        Assert.True(SignatureHeaders.ParseDigest(digest).IsOk);
        Assert.True(SignatureHeaders.ParseDigest("sha-512=:AAAA:, " + digest).IsOk);
        Assert.Equal(IdentityError.SignatureMalformed, SignatureHeaders.ParseDigest("sha-256=:AAAA:").Refusal?.Code);
        Assert.Equal(IdentityError.SignatureMalformed, SignatureHeaders.ParseDigest(null).Refusal?.Code);
    }

    private static string Rest() => Good[Good.IndexOf(')', StringComparison.Ordinal)..][1..];
}
