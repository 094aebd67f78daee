using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// Turns an <c>Idempotency-Key</c> into the operation id grains remember answers under: scoped by caller, method and path, so that one caller's keys never meet another's and one key may be used on several routes.
/// The answer itself is stored by the grain in the transaction that made the change, for ever; the gateway keeps nothing.
/// </summary>
public static class OperationIds
{
    /// <summary><c>op_</c> and 32 base32 characters: SHA-256 over <c>caller\nmethod\npath\nkey</c>, first 160 bits.</summary>
    public static string For(string caller, string method, string path, string idempotencyKey) =>
        "op_" + Base32.Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller}\n{method}\n{path}\n{idempotencyKey}")).AsSpan(0, 20));

    /// <summary>The operation id of a signed request.</summary>
    public static string For(string caller, SignedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return For(caller, request.Method, request.Path, request.IdempotencyKey);
    }
}
