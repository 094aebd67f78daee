using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Subnets;

/// <summary>A whole subnet of real processes: opened, registered in, served, validated, paid; all with <c>depin</c>.</summary>
public sealed class LiveSubnetTests(TrialSubnet subnet)
{
    private const long Tao = 1_000_000_000;

    [Fact]
    public async Task Weights_incentive_and_emission_go_to_the_miner_that_answers_right_and_dividends_to_the_validator()
    {
        var seen = await subnet.ReadyAsync();
        Assert.Equal("""{"uid":2,"uids":[0],"values":[65535]}""", seen.Weights.ToJsonString());
        Assert.Equal("[0]", seen.WeightsEvent["uids"]!.ToJsonString());
        Assert.Equal([65_535, 0, 0], seen.Metagraph["incentive"]!.AsArray().Select(static i => (int)i!));
        Assert.Equal([0, 0, 65_535], seen.Metagraph["dividends"]!.AsArray().Select(static d => (int)d!));
        long[] emission = [.. seen.Metagraph["emission"]!.AsArray().Select(static e => (long)e!)];
        Assert.True(emission is [> 0, 0, > 0] && Math.Abs(emission[0] - emission[2]) <= 1, string.Join(' ', emission));

        // What the epoch drew is what it paid to owner, miner and validator, to the rao; and it arrived as stake.
        var epoch = seen.Epochs.First(e => e!["emission"]!.AsArray().Sum(static x => (long)x!) > 0)!;
        Assert.Equal((long)epoch["drawn"]!, (long)epoch["ownerCut"]! + (long)epoch["paid"]! + (long)epoch["dust"]!);
        Assert.InRange((long)epoch["paid"]! - epoch["emission"]!.AsArray().Sum(static x => (long)x!), -3, 3); // a miner's and a validator's part are rounded each for itself
        Assert.True(seen.GoodStake >= emission[0] && seen.ValidatorStake >= (100 * Tao) + emission[2], $"{seen.GoodStake} {seen.ValidatorStake}");
        Assert.Equal(0, seen.BadStake);
    }

    [Fact]
    public async Task A_validator_killed_and_started_again_goes_on_with_its_averages_commits_and_reveals_and_ends_when_told()
    {
        var good = (string)(await subnet.ReadyAsync()).Metagraph["hotkeys"]![0]!;
        var before = Memory();
        var validator = subnet.RunValidator();
        var round = await validator.SaysAsync("a round", static l => Is(l, "round"));
        Assert.Equal((long)before["rounds"]! + 1, (long)round["round"]!);
        Assert.True(Samples(Memory(), good) > Samples(before, good), "the averages began anew");
        var again = await validator.SaysAsync("weights", static l => Is(l, "weights"));
        Assert.Contains(0, again["uids"]!.AsArray().Select(static u => (int)u!));

        // The subnet's limit of 20 blocks between two settings was kept by itself, over the restart too.
        Assert.DoesNotContain(validator.Lines(), static l => Is(l, "refused"));
        var owner = subnet.Person("owner");
        await owner.RunAsync("subnet", "set", "1", "commit_reveal_weights", "true");
        var committed = await validator.SaysAsync("a commit", static l => Is(l, "committed"));
        Assert.Equal("weights.commit_reveal_on", (string?)JsonNode.Parse((await subnet.Person("validator").TryAsync("subnet", "weights", "set", "1", "0:1", "-o", "json")).Error)!["code"]);
        await validator.SaysAsync("a reveal", static l => Is(l, "revealed"), 180);
        Assert.Equal(0, (int)(await owner.JsonAsync("subnet", "weights", "show", "1", "2"))["uids"]![0]!);
        Assert.True((long)committed["revealEpoch"]! > 0);

        // Ctrl-C while a miner lets it wait: it ends at once and in order.
        subnet.BadModel.Manner = ModelManner.Hangs;
        await subnet.BadModel.Hanging.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(0, await validator.InterruptAsync());
        subnet.BadModel.Manner = ModelManner.Wrong;
        await validator.SaysAsync("goodbye", l => Is(l, "ended") && (long)l["rounds"]! == (long)Memory()["rounds"]!);
        Assert.Empty(await validator.Errors);
        await owner.RunAsync("subnet", "set", "1", "commit_reveal_weights", "false");
        await owner.RunAsync("ledger", "verify", "TAO");
    }

    /// <summary>What an <c>openai</c> client sees and pays while miners die: one beside the answer, then the one that was asked.</summary>
    [Fact]
    public async Task An_openai_clients_streamed_chat_is_whole_and_billed_as_counted_while_miners_are_killed()
    {
        OpenAiClient.SkipUnlessInstalled();
        await subnet.ReadyAsync();
        foreach (var person in (string[])["spare", "victim"])
        {
            await subnet.RegisterAsync(person);
        }

        var spare = subnet.Run("spare", TrialSubnet.MinerLine(null));
        var victim = subnet.Run("victim", TrialSubnet.MinerLine(null));
        await spare.SaysAsync("it announced itself", static l => Is(l, "announced"));
        await victim.SaysAsync("it announced itself", static l => Is(l, "announced"));
        subnet.BadModel.Manner = ModelManner.Breaks;
        await subnet.Person("user").RunAsync("faucet", "1", "TAO");
        var key = (await subnet.Person("user").RunAsync("identity", "api-key", "test", "--scope", "inference:write")).Trim();

        await ChatAsync(key, beforeWord: 8, victim, paid: "good");
        await ChatAsync(key, beforeWord: 0, subnet.Good, paid: "spare");
        subnet.BadModel.Manner = ModelManner.Wrong;

        // What everybody can see of it: who answered, and why the one that was killed did not.
        var miners = await Programs.EventuallyAsync("both chats are in the figures", async () =>
            (await subnet.Person("user").JsonAsync("subnet", "miners", "1")).AsArray() is var seen && seen.Sum(static m => (int)m!["total"]!["answers"]!) == 2 && seen.Any(static m => (int)m!["uid"]! == 0 && (int)m["total"]!["failures"]! == 1) ? seen : null);
        Assert.Equal(1, (int)miners.Single(static m => (int)m!["uid"]! == 0)!["day"]!["answers"]!);
        Assert.Contains("HOTKEY", await subnet.Person("user").RunAsync("subnet", "miners", "1"), StringComparison.Ordinal);
        var good = subnet.Run("good", subnet.GoodLine);
        await good.SaysAsync("the good miner is back", static l => Is(l, "announced"));
        await subnet.Person("owner").RunAsync("ledger", "verify", "TAO");
    }

    /// <summary>One chat; a miner is killed while the best one's answer waits before a word.</summary>
    private async Task ChatAsync(string key, int beforeWord, ServiceProcess dies, string paid)
    {
        var text = DeterministicTask.Text("question", DeterministicChallenges.Words);
        var (user, earner) = (await BalanceAsync("user"), await BalanceAsync(paid));
        var hold = subnet.GoodModel.Hold = new TrialModel.Held(beforeWord);
        var answering = OpenAiClient.RunAsync(new Uri(subnet.Url), key, "stream");
        await Task.WhenAny(hold.Reached.Task, answering).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.False(answering.IsCompleted, "the best miner was not asked");
        await dies.KillAsync();
        hold.GoOn.SetResult();
        var stream = (await answering)["stream"]!;
        Assert.Equal(text, (string?)stream["text"]);
        Assert.Equal("stop", (string?)stream["finish"]);

        // Four bytes a token of question and role, four tokens for the message's frame; 0.5 and 1.5 TAO per thousand million; 5 % to the network.
        var (prompt, completion) = (((8 + 4) / 4) + 4, (text.Length + 3) / 4);
        Assert.Equal((prompt, completion), ((int)stream["usage"]!["prompt_tokens"]!, (int)stream["usage"]!["completion_tokens"]!));
        var cost = ((prompt * 500_000L) + (completion * 1_500_000L) + 999_999) / 1_000_000;
        await Programs.EventuallyAsync("the bill", async () => (await BalanceAsync("user")) == (user.Posted - cost, user.Held) ? "paid" : null);
        Assert.Equal(earner.Posted + cost - (cost * 5 / 100), (await BalanceAsync(paid)).Posted);
    }

    private async Task<(long Posted, long Held)> BalanceAsync(string person)
    {
        var balance = await subnet.Person(person).JsonAsync("ledger", "balance", "TAO");
        return ((long)balance["posted"]!, (long)balance["held"]!);
    }

    private JsonNode Memory() => JsonNode.Parse(File.ReadAllText(subnet.StateFile))!;

    /// <summary>Questions that went into a miner's average.</summary>
    private static long Samples(JsonNode memory, string hotkey) => (long)memory["scores"]!.AsArray().Single(s => (string?)s!["hotkey"] == hotkey)!["samples"]!;

    private static bool Is(JsonNode line, string what) => (string?)line["event"] == what;
}
