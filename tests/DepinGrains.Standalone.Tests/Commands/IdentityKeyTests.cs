using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>Several keys of one identity by the command line: an everyday key beside the owner's, the owner's replaced, the everyday one revoked.</summary>
public sealed class IdentityKeyTests(RunningNetwork network)
{
    [Fact]
    public async Task KeysAreAddedUsedRotatedAndRevoked_TheIdentityStays()
    {
        await network.ReadyAsync();
        var (owner, hot, cold) = (Person("owner"), Person("hot"), Person("cold"));
        var id = (string)(await owner.JsonAsync("identity", "show"))["id"]!;
        var friend = (string)(await Person("friend").JsonAsync("identity", "show"))["id"]!;
        await owner.RunAsync("faucet", "3", "ACT");

        var added = await owner.JsonAsync("identity", "keys", "add", hot.KeyFile, "--label", "laptop");
        Assert.Equal(("operator", "laptop"), ((string?)added["role"], (string?)added["label"]));
        Assert.Equal(id, (string?)(await hot.JsonAsync("identity", "show"))["id"]);
        await hot.RunAsync("ledger", "transfer", "1", "ACT", friend, "--memo", "lunch");
        Assert.Equal(2_000_000, (long)(await owner.JsonAsync("ledger", "balance"))["available"]!);
        await RefusedAsync(hot, "identity.key_role", "identity", "keys", "add", Person("third").KeyFile);

        // The file beside the key is a convenience; the option says the same.
        File.Delete(hot.KeyFile + ".identity");
        Assert.Equal(2_000_000, (long)(await hot.JsonAsync("ledger", "balance", "--identity", id))["available"]!);
        await RefusedAsync(hot, "cli.identity_invalid", "ledger", "balance", "--identity", "me");

        await owner.RunAsync("identity", "keys", "rotate", cold.KeyFile);
        await RefusedAsync(owner, "identity.key_revoked", "ledger", "transfer", "1", "ACT", friend);
        Assert.Equal(id, (string?)(await cold.JsonAsync("identity", "show"))["id"]);
        await cold.RunAsync("identity", "keys", "revoke", (string)added["keyId"]!);
        await RefusedAsync(hot, "identity.key_revoked", "ledger", "transfer", "1", "ACT", friend, "--identity", id);
        var keys = (await cold.JsonAsync("identity", "keys", "list")).AsArray();
        Assert.Equal([true, true, false], keys.Select(static k => k!["revokedAt"] is not null));
        await RefusedAsync(cold, "request.version_mismatch", "identity", "keys", "add", hot.KeyFile, "--if-version", "1");
    }

    [Fact]
    public async Task ARotation_WhoseAnswerWasLost_LeavesAKeyThatWorks()
    {
        await network.ReadyAsync();
        var (old, successor) = (Person("lost-old"), Person("lost-new"));
        var id = (string)(await old.JsonAsync("identity", "show"))["id"]!;
        await using var proxy = await LossyProxy.StartAsync(network.Url, "/rotate");

        // Refused: then nothing says that the new key is anybody's.
        await RefusedAsync(old, "request.version_mismatch", "identity", "keys", "rotate", successor.KeyFile, "--if-version", "99");
        Assert.False(File.Exists(successor.KeyFile + ".identity"));

        var rotated = await new Depin(proxy.Url, old.KeyFile).JsonAsync("identity", "keys", "rotate", successor.KeyFile);
        Assert.Equal((1, "owner"), (proxy.Lost, (string?)rotated["role"]));
        Assert.Equal(id, (string?)(await successor.JsonAsync("identity", "show"))["id"]);

        // Nor does it hurt to run it once more, as somebody does who saw no answer at all; another key is not let in by it.
        Assert.Equal((string?)rotated["keyId"], (string?)(await old.JsonAsync("identity", "keys", "rotate", successor.KeyFile))["keyId"]);
        await RefusedAsync(old, "identity.key_revoked", "identity", "keys", "rotate", Person("lost-third").KeyFile);
        Assert.False(File.Exists(Person("lost-third").KeyFile + ".identity"));
    }

    [Fact]
    public async Task AStatement_ShowsAsManyLinesAsAreAskedFor()
    {
        await network.ReadyAsync();
        var person = Person("saver");
        using (var api = new ApiClient(network.Url, person.KeyFile))
        {
            await api.RegisterAsync();
            for (var i = 0; i < 210; i++)
            {
                Assert.True((await api.CommandAsync("/v1/ledgers/uact/faucet", """{"amount":1}""")).IsSuccess);
            }
        }

        Assert.Equal((3, false), await LinesAsync("-n", "3"));
        Assert.Equal((50, false), await LinesAsync());
        Assert.Equal((205, false), await LinesAsync("-n", "205"));
        Assert.Equal((210, true), await LinesAsync("-n", "1000"));

        async Task<(int Lines, bool All)> LinesAsync(params string[] more)
        {
            var statement = await person.JsonAsync(["ledger", "statement", "ACT", .. more]);
            var lines = statement["lines"]!.AsArray();
            Assert.Equal(lines.Count, lines.Select(static l => (string?)l!["transferId"]).Distinct().Count());
            return (lines.Count, statement["nextCursor"] is null);
        }
    }

    private Depin Person(string name) => new(network.Url, Path.Combine(network.Folder, $"keys-{name}.pem"));

    private static async Task RefusedAsync(Depin who, string code, params string[] line)
    {
        var (exit, _, error) = await who.TryAsync([.. line, "-o", "json"]);
        Assert.Equal((1, code), (exit, (string?)JsonNode.Parse(error)!["code"]));
    }
}
