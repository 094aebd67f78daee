using System.Buffers;
using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>Reads the headers <c>Signature-Input</c>, <c>Signature</c> and <c>Content-Digest</c>: one signature per request, under any label.</summary>
public static class SignatureHeaders
{
    private const int LabelLengthMax = 32;
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.*");

    /// <summary>Takes both headers apart into the inner list as sent and the 64 signature bytes.</summary>
    public static Result<(string Input, ImmutableArray<byte> Signature)> Parse(string? signatureInput, string? signature)
    {
        if (string.IsNullOrEmpty(signatureInput) || string.IsNullOrEmpty(signature))
        {
            return Refusal.Of(IdentityError.SignatureMissing, "This request must be signed: the headers Signature-Input and Signature are needed (RFC 9421).");
        }

        if (!TrySplit(signatureInput, out var inputLabel, out var input) || !TrySplit(signature, out var label, out var value) || inputLabel != label)
        {
            return Refusal.Of(IdentityError.SignatureMalformed, "Signature-Input and Signature must hold one member each, under the same label.");
        }

        var bytes = new byte[64];
        if (value.Length != 90 || value[0] != ':' || value[^1] != ':' || !Convert.TryFromBase64Chars(value.AsSpan(1, 88), bytes, out var written) || written != 64)
        {
            return Refusal.Of(IdentityError.SignatureMalformed, "Signature must be :base64: of 64 bytes, r and s of 32 bytes each.");
        }

        return (input, Frozen(bytes));
    }

    /// <summary>The SHA-256 named by <c>Content-Digest</c> (RFC 9530), or a refusal. Other digests beside it are ignored.</summary>
    public static Result<ImmutableArray<byte>> ParseDigest(string? contentDigest)
    {
        if (contentDigest is { Length: > 0 and <= 512 })
        {
            foreach (var member in contentDigest.AsSpan().Split(','))
            {
                var text = contentDigest.AsSpan()[member].Trim();
                var bytes = new byte[32];
                if (text.Length == 54 && text.StartsWith("sha-256=:", StringComparison.Ordinal) && text[^1] == ':'
                    && Convert.TryFromBase64Chars(text.Slice(9, 44), bytes, out var written) && written == 32)
                {
                    return Frozen(bytes);
                }
            }
        }

        return Refusal.Of(IdentityError.SignatureMalformed, "The header Content-Digest must hold sha-256=:base64: of the body (RFC 9530).");
    }

    private static ImmutableArray<byte> Frozen(byte[] bytes) => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(bytes);

    private static bool TrySplit(string header, out string label, out string value)
    {
        label = value = "";
        var equals = header.IndexOf('=', StringComparison.Ordinal);
        if (equals is < 1 or > LabelLengthMax)
        {
            return false;
        }

        (label, value) = (header[..equals].Trim(), header[(equals + 1)..].Trim());
        return !label.AsSpan().ContainsAnyExcept(LabelCharacters);
    }
}
