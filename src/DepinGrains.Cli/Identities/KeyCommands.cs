using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Cli.Identities;

/// <summary><c>depin identity keys</c>: an identity outlives its keys.</summary>
public static class KeyCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "PEM file of the new key, made when absent" };
        var role = new Option<KeyRole>("--role") { Description = "operator signs every day's requests, owner also adds and revokes keys, node lives on a machine", DefaultValueFactory = static _ => KeyRole.Operator };
        var label = new Option<string>("--label") { Description = "for people", DefaultValueFactory = static _ => "" };
        var keyId = new Argument<string>("key") { Description = "fingerprint; 'depin identity show' lists them" };
        var version = new Option<string?>("--if-version") { Description = "refuse when the identity changed since this version of it" };
        var list = new Command("list", "your keys, revoked ones too");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            (await session.MyIdentityAsync())["keys"]!.AsArray(),
            ("key", static k => (string?)k["keyId"]),
            ("role", static k => (string?)k["role"]),
            ("label", static k => (string?)k["label"]),
            ("added", static k => (string?)k["addedAt"]),
            ("revoked", static k => (string?)k["revokedAt"]))));
        var add = new Command("add", "add a key; signed by an owner key") { file, role, label, version };
        add.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            await session.MyIdentityAsync();
            using var key = Session.LoadKey(parse.GetValue(file)!);
            return await OwnedAsync(session, parse.GetValue(file)!, () => session.ChangeAsync(HttpMethod.Post, Path(session), Body(session, key, parse.GetValue(role), parse.GetValue(label)!), parse.GetValue(version)));
        }));
        var rotate = new Command("rotate", "replace the key that signs (--key) by a new one of the same role; signed by an owner key") { file, label, version };
        rotate.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            using var key = Session.LoadKey(parse.GetValue(file)!);
            return await OwnedAsync(session, parse.GetValue(file)!, () => RotateAsync(session, parse.GetValue(file)!, key, parse.GetValue(label)!, parse.GetValue(version)));
        }));
        var revoke = new Command("revoke", "revoke a key for good; signed by an owner key, the last of which stays") { keyId, version };
        revoke.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.ChangeAsync(HttpMethod.Delete, $"{Path(session)}/{Uri.EscapeDataString(parse.GetValue(keyId)!)}", null, parse.GetValue(version)),
            static k => Console.Out.WriteLine($"{(string?)k["keyId"]} revoked at {(string?)k["revokedAt"]}"))));
        return new Command("keys", "the keys of your identity") { list, add, rotate, revoke };
    }

    private static string Path(Session session) => $"/v1/identities/{session.Identity}/keys";

    private static object Body(Session session, SigningKey key, KeyRole role, string label)
    {
        var made = key.ToNewKey(session.Identity, role, label);
        return new { publicKey = made.PublicKey, role = role.ToString().ToLowerInvariant(), proof = made.Proof, label = made.Label };
    }

    /// <summary>
    /// Rotates. The key that signs ends with it: when the answer was lost, now or in an earlier run, asking again under it is refused as <c>identity.key_revoked</c>, and the new key is asked whether it took its place.
    /// </summary>
    private static async Task<JsonNode> RotateAsync(Session session, string file, SigningKey key, string label, string? version)
    {
        try
        {
            var mine = (await session.MyIdentityAsync())["keys"]!.AsArray().FirstOrDefault(k => (string?)k!["keyId"] == session.KeyId) ?? throw new ApiException("identity.key_unknown", $"{session.KeyId} is no key of {session.Identity}");
            return await session.ChangeAsync(HttpMethod.Post, $"{Path(session)}/{session.KeyId}/rotate", Body(session, key, Enum.Parse<KeyRole>((string)mine["role"]!, ignoreCase: true), label), version);
        }
        catch (ApiException revoked) when (revoked.Code == IdentityError.KeyRevoked)
        {
            if (await SuccessorAsync(session, file, key.KeyId) is { } rotated)
            {
                return rotated;
            }

            throw;
        }
    }

    /// <summary>The key of a file as the identity knows it, when it took the place of the one that signs; null: it did not.</summary>
    private static async Task<JsonNode?> SuccessorAsync(Session session, string file, string keyId)
    {
        using var successor = session.With(file, session.Identity);
        try
        {
            var keys = (await successor.GetAsync("/v1/identities/me"))["keys"]!.AsArray();
            return keys.Any(k => (string?)k!["keyId"] == session.KeyId && (string?)k["replacedBy"] == keyId) ? keys.First(k => (string?)k!["keyId"] == keyId) : null;
        }
        catch (ApiException refused) when (!refused.OutcomeUnknown)
        {
            return null;
        }
    }

    /// <summary>Writes down whose the new key is before the network is asked: should its answer be lost, the key can be used all the same. A refusal takes the note back.</summary>
    private static async Task<int> OwnedAsync(Session session, string file, Func<Task<JsonNode>> ask)
    {
        var before = KeyOwner.Remember(file, session.Identity);
        try
        {
            return session.Show(await ask(), k => Console.Out.WriteLine($"{(string?)k["keyId"]} is {(string?)k["role"]} of {session.Identity}: use it with --key {file}"));
        }
        catch (ApiException refused) when (!refused.OutcomeUnknown)
        {
            KeyOwner.Restore(file, before);
            throw;
        }
    }
}
