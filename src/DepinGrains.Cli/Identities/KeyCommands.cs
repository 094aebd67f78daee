using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;

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
            using var key = SigningKey.LoadOrCreate(parse.GetValue(file)!);
            var added = await session.ChangeAsync(HttpMethod.Post, Path(session), Body(session, key, parse.GetValue(role), parse.GetValue(label)!), RequestSigner.NewIdempotencyKey(), parse.GetValue(version));
            return Tell(session, parse.GetValue(file)!, added);
        }));
        var rotate = new Command("rotate", "replace the key that signs (--key) by a new one of the same role; signed by an owner key") { file, label, version };
        rotate.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var mine = (await session.MyIdentityAsync())["keys"]!.AsArray().First(k => (string?)k!["keyId"] == session.KeyId)!;
            using var key = SigningKey.LoadOrCreate(parse.GetValue(file)!);
            var body = Body(session, key, Enum.Parse<KeyRole>((string)mine["role"]!, ignoreCase: true), parse.GetValue(label)!);
            return Tell(session, parse.GetValue(file)!, await session.ChangeAsync(HttpMethod.Post, $"{Path(session)}/{session.KeyId}/rotate", body, RequestSigner.NewIdempotencyKey(), parse.GetValue(version)));
        }));
        var revoke = new Command("revoke", "revoke a key for good; signed by an owner key, the last of which stays") { keyId, version };
        revoke.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.ChangeAsync(HttpMethod.Delete, $"{Path(session)}/{Uri.EscapeDataString(parse.GetValue(keyId)!)}", null, RequestSigner.NewIdempotencyKey(), parse.GetValue(version)),
            static k => Console.Out.WriteLine($"{(string?)k["keyId"]} revoked at {(string?)k["revokedAt"]}"))));
        return new Command("keys", "the keys of your identity") { list, add, rotate, revoke };
    }

    private static string Path(Session session) => $"/v1/identities/{session.Identity}/keys";

    private static object Body(Session session, SigningKey key, KeyRole role, string label)
    {
        var made = key.ToNewKey(session.Identity, role, label);
        return new { publicKey = made.PublicKey, role = role.ToString().ToLowerInvariant(), proof = made.Proof, label = made.Label };
    }

    private static int Tell(Session session, string file, JsonNode key)
    {
        KeyOwner.Remember(file, session.Identity);
        return session.Show(key, k => Console.Out.WriteLine($"{(string?)k["keyId"]} is {(string?)k["role"]} of {session.Identity}: use it with --key {file}"));
    }
}
