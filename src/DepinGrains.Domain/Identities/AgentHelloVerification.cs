using System.Buffers.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Identities;

/// <summary>The check of an agent's first message.</summary>
public static class AgentHelloVerification
{
    /// <summary>How far the agent's clock may be off; the nonce, not the clock, is what prevents replay.</summary>
    public static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(5);

    /// <summary>Refuses a hello with another nonce, a far-off clock, or a signature that is not this public key's (base64 SubjectPublicKeyInfo).</summary>
    public static Refusal? Check(AgentHello hello, string publicKey, string nonce, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(hello);
        if (hello.Nonce != nonce)
        {
            return Refusal.Of(IdentityError.SignatureInvalid, "The hello answers another challenge.");
        }

        var skew = Int128.Abs((Int128)hello.TimestampMs - now.ToUnixTimeMilliseconds());
        if (skew > (Int128)ClockSkewMax.TotalMilliseconds)
        {
            return Refusal.Of(
                IdentityError.SignatureExpired, $"The agent's clock is {skew} ms off; at most {ClockSkewMax.TotalSeconds:0} s are allowed.", ("skewMs", skew));
        }

        var parsed = VerificationKey.Parse(publicKey);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        using var key = parsed.Value;
        var signature = new byte[64];
        return hello.Signature is { Length: 86 } && Base64Url.TryDecodeFromChars(hello.Signature, signature, out var written) && written == 64
            && key.Verify(NodeKey.HelloText(hello.Node, hello.Nonce, hello.TimestampMs), signature)
            ? null
            : Refusal.Of(IdentityError.SignatureInvalid, "The hello is not signed by the node's key.", ("node", IdentityError.Shown(hello.Node)));
    }
}
