using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>Keys that are the same in every process: identities are named after them.</summary>
internal static class TestKeys
{
    /// <summary>Three keys.</summary>
    public static ImmutableArray<SigningKey> All { get; } = [.. Enumerable.Range(1, 3).Select(static n => Make(n))];

    /// <summary>Signs in the name of an identity on the simulated clock.</summary>
    public static RequestSigner Signer(this SigningKey key, string identity, TimeProvider time) => new(key, identity, time);

    private static SigningKey Make(int number)
    {
        // Any number below the order of the curve is a private key.
        var scalar = SHA256.HashData(Encoding.ASCII.GetBytes($"simulation {number}"));
        scalar[0] = 0;
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar });
        return SigningKey.FromPem(key.ExportPkcs8PrivateKeyPem());
    }
}
