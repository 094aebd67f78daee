using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace DepinGrains.Contracts.Identities.Client;

/// <summary>Issues the short-lived tokens reads are made with: JWT (RFC 7519) with ES256 (RFC 7518), signed by a key of the caller; the server holds no secret and keeps no session.</summary>
/// <param name="key">The key; not disposed here.</param>
/// <param name="identity">The identity it belongs to.</param>
/// <param name="audience">The network the token is for; another refuses it.</param>
/// <param name="time">The clock.</param>
public sealed class TokenIssuer(SigningKey key, string identity, string audience, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>A token for these scopes, at most 15 minutes, optionally for one lease alone.</summary>
    public string Issue(ImmutableArray<string> scopes, TimeSpan? lifetime = null, string? lease = null)
    {
        var now = _time.GetUtcNow();
        var header = Encode(writer =>
        {
            writer.WriteString("alg", "ES256");
            writer.WriteString("typ", "JWT");
            writer.WriteString("kid", IdentityIds.Reference(identity, key.KeyId));
        });
        var payload = Encode(writer =>
        {
            writer.WriteString("iss", identity);
            writer.WriteString("sub", identity);
            writer.WriteString("aud", audience);
            writer.WriteNumber("iat", now.ToUnixTimeSeconds());
            writer.WriteNumber("exp", (now + (lifetime ?? TimeSpan.FromMinutes(10))).ToUnixTimeSeconds());
            writer.WriteString("jti", Base32.Encode(RandomNumberGenerator.GetBytes(10)));
            writer.WriteString("scope", string.Join(' ', scopes));
            if (lease is not null)
            {
                writer.WriteString("lease", lease);
            }
        });
        var text = header + "." + payload;
        return text + "." + Base64Url.EncodeToString(key.Sign(text));
    }

    private static string Encode(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(stream.ToArray());
    }
}
