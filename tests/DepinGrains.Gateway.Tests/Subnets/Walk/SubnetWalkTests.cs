using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Gateway.Tests.Subnets.Serving;
using DepinGrains.Testing;

namespace DepinGrains.Gateway.Tests.Subnets.Walk;

/// <summary>
/// The whole life of two subnets on one host: opened, registered in by people with real agents, two months of epochs through a halving with recycling, delegation and the weakest deregistered; then OpenAI's own client is
/// answered by the miner that earned most while another dies. Beside it runs <see cref="WalkModel"/>: in the end supply, halving block and everybody's balance are the same to the rao.
/// </summary>
public sealed class SubnetWalkTests
{
    private const long Tao = SubnetWalk.Tao;
    private const long Half = 10_500_000 * Tao;
    private const int Days = 60;
    private const int Validator = 0;
    private const int Second = 1;
    private const int Best = 2;
    private const int Other = 3;

    [Fact]
    public async Task Two_subnets_live_two_months_through_a_halving_as_an_independent_model_says_and_the_best_miner_answers()
    {
        OpenAiClient.SkipUnlessInstalled();
        await using var best = await SampleMiner.StartAsync();
        await using var other = await SampleMiner.StartAsync();

        // The months end at about the real now, in which agents, clients and holds live.
        var time = new WalkTime(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddDays(-Days).ToUnixTimeSeconds() - (20 * 12)));
        time.MoveTo(10);
        await using var walk = await SubnetWalk.StartAsync(time);
        await walk.OpenAsync("one", 200, ("sweep_bar", "200"), ("sweep_window", "3"), ("sweep_min_survivors", "3"), ("min_cpu_milli", "100"), ("min_memory_bytes", "1000000"), ("benchmark_work", "2"), ("benchmark_time_ms", "100000"));
        await walk.OpenAsync("two", 0, ("yuma_version", "1"));
        var people = new List<WalkPerson>();
        foreach (var miner in (SampleMiner?[])[null, null, best, other, null])
        {
            people.Add(await walk.JoinAsync(miner is null ? null : new Uri(miner.Address).Port));
        }

        await RegisterAllAsync(walk, people);
        await walk.Host.SignedAsync(people[Best].Person, "/v1/subnets/1/axon", new { endpoint = best.Address, node = people[Best].Agent.Node });
        await walk.Host.SignedAsync(people[Other].Person, "/v1/subnets/1/axon", new { endpoint = other.Address, node = people[Other].Agent.Node });

        // What a network has issued in its first years: a month before the halving.
        await walk.SettleAsync();
        await walk.MintAsync("wallet/past", Half - (200_000 * Tao) - await walk.IssuanceAsync());
        var model = await WalkModel.ReadAsync(walk);
        await MonthsAsync(walk, model, people);

        await SameAsync(walk, model);
        Assert.Equal("v1 v2 best other -", await NamesAsync(walk, 1, people));
        Assert.Equal("v1 v2 best other idle", await NamesAsync(walk, 2, people));
        var swept = (await walk.GetAsync("/v1/subnets/1/epochs?limit=500"))["items"]!.AsArray().Sum(static e => (int)e!["swept"]!);
        Assert.Equal(2, swept); // who never did anything, and who came into his place
        await AnsweredAsync(walk, people, best, other);
        await walk.BooksAreCleanAsync();
    }

    /// <summary>Everybody in both subnets; in the first the node's own agent has to prove what it is. Stake of the validators, and of somebody who delegates.</summary>
    private static async Task RegisterAllAsync(SubnetWalk walk, List<WalkPerson> people)
    {
        for (var uid = 0; uid < people.Count; uid++)
        {
            Assert.Equal(uid, (int)(await walk.RegisterAsync(people[uid], 1, hardware: true))["uid"]!);
            Assert.Equal(uid, (int)(await walk.RegisterAsync(people[uid], 2, hardware: false))["uid"]!);
        }

        await walk.StakeAsync(people[Validator].Person, people[Validator].Hotkey, 60_000 * Tao);
        await walk.StakeAsync(people[Second].Person, people[Second].Hotkey, 20_000 * Tao);
        await walk.Host.SignedAsync(people[Validator].Person, $"/v1/staking/TAO/hotkeys/{people[Validator].Hotkey}/terms", new { isDelegate = true });
        await walk.StakeAsync(await walk.Host.PersonAsync(0), people[Validator].Hotkey, 30_000 * Tao);
    }

    /// <summary>Epoch by epoch; validators speak after each, and on the halving's eve somebody comes and is recycled: it comes later by as much.</summary>
    private static async Task MonthsAsync(SubnetWalk walk, WalkModel model, List<WalkPerson> people)
    {
        var (from, until) = (walk.Block, walk.Block + (Days * 7_200));
        for (var turn = 0; ; turn++)
        {
            var ends = new[] { await walk.EpochBlockAsync(0), await walk.EpochBlockAsync(1) };
            var at = ends.Min();
            if (at > until)
            {
                break;
            }

            walk.Time.MoveTo(at);
            var due = Array.IndexOf(ends, at);
            model.IssueThrough(at);
            model.Epoch(due, at);
            await walk.TickAsync(due);
            walk.Time.MoveTo(at + 1);
            model.IssueThrough(walk.Block);
            await SpeakAsync(walk, model, people, due, turn);
            if (turn == 41)
            {
                Assert.Equal(0, due);
                await ComeLateAsync(walk, model);
            }
        }

        walk.Time.MoveTo(until);
        model.IssueThrough(until);
        await walk.SettleAsync();
        Assert.InRange(model.HalvedAt, from + 1, until);
    }

    private static async Task SpeakAsync(SubnetWalk walk, WalkModel model, List<WalkPerson> people, int due, int turn)
    {
        foreach (var uid in (int[])[Validator, Second])
        {
            (int Uid, int Value)[] weights = uid == Validator ? [(Best, 60), (Other, 40)] : [(Best, 30 + (turn % 7)), (Other, 50)];
            var (status, _) = await walk.Host.TrySignedAsync(people[uid].Person, $"/v1/subnets/{walk.Nets[due].Netuid}/weights", new { uids = weights.Select(static w => w.Uid), values = weights.Select(static w => w.Value) });
            if ((int)status == 200)
            {
                model.Weigh(due, uid, weights, walk.Block);
            }
        }
    }

    private static async Task ComeLateAsync(SubnetWalk walk, WalkModel model)
    {
        var late = await walk.JoinAsync();
        model.Mint("wallet/" + late.Person.Id, 50 * Tao);
        var price = (long)(await walk.GetAsync("/v1/subnets/1/price"))["price"]!;
        var done = await walk.RegisterAsync(late, 1, hardware: true);
        Assert.Equal((4, null, price), ((int)done["uid"]!, (string?)done["replaced"], (long)done["price"]!));
        model.Register(0, 4, late.Hotkey, late.Person.Id, price, walk.Block);
    }

    private static async Task SameAsync(SubnetWalk walk, WalkModel model)
    {
        var emission = await walk.GetAsync("/v1/emissions/TAO");
        Assert.Equal((model.Issuance, 1, Tao / 2), ((long)emission["issuance"]!, (int)emission["halvings"]!, (long)emission["perBlock"]!));
        Assert.Equal(model.HalvedAt, await HalvedAtAsync(walk));
        foreach (var (account, rao) in model.Balances)
        {
            var posted = await walk.PostedAsync(account);
            Assert.True(rao == posted, $"{account}: the model says {rao}, the ledger {posted}");
        }
    }

    /// <summary>The first block that issued half, as the history of epochs shows it: the first of them that drew less than half of a TAO a block did so from there on.</summary>
    private static async Task<long> HalvedAtAsync(SubnetWalk walk)
    {
        var before = (JsonNode?)null;
        foreach (var epoch in (await walk.GetAsync("/v1/subnets/1/epochs?limit=500"))["items"]!.AsArray().Reverse())
        {
            var missing = before is null ? 0 : (((long)epoch!["block"]! - (long)before["block"]!) * Tao / 2) - (long)epoch["drawn"]!;
            if (missing > 0)
            {
                Assert.Equal(0, missing % (Tao / 4));
                return (long)epoch!["block"]! + 1 - (missing / (Tao / 4));
            }

            before = epoch;
        }

        return -1;
    }

    private static async Task AnsweredAsync(SubnetWalk walk, List<WalkPerson> people, SampleMiner best, SampleMiner other)
    {
        var caller = await walk.Host.CallerAsync();
        var earned = await walk.PostedAsync("wallet/" + people[Best].Person.Id);
        best.Before = async (word, _) =>
        {
            if (word == 4)
            {
                await people[Other].Agent.StopAsync();
                await other.DisposeAsync();
            }
        };
        var stream = (await OpenAiClient.RunAsync(walk.Host.Address, caller.ApiKey, "stream"))["stream"]!;
        Assert.Equal((DeterministicTask.Text("question", 8), "stop"), ((string?)stream["text"], (string?)stream["finish"]));
        Assert.True((int)stream["chunks"]! >= 8);
        Assert.Single(best.Requests);
        Assert.Empty(other.Requests);
        await walk.Host.SettledAsync(caller.Wallet);
        Assert.True(await walk.PostedAsync("wallet/" + people[Best].Person.Id) > earned);
    }

    private static async Task<string> NamesAsync(SubnetWalk walk, int netuid, List<WalkPerson> people)
    {
        string[] names = ["v1", "v2", "best", "other", "idle"];
        var hotkeys = (await walk.GetAsync($"/v1/subnets/{netuid}/metagraph?fields=hotkeys"))["hotkeys"]!.AsArray();
        return string.Join(' ', hotkeys.Select(h => people.FindIndex(p => p.Hotkey == (string?)h) is var at and >= 0 ? names[at] : (string?)h is { Length: > 0 } unknown ? unknown : "-"));
    }
}
