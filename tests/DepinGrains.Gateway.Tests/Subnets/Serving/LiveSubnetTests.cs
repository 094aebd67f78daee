using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>Inference over a subnet as it really is: opened, registered in and announced over the API; the gateway finds miners in its list of servers.</summary>
public sealed class LiveSubnetTests
{
    [Fact]
    public async Task A_chat_finds_its_miner_through_the_subnets_own_list_and_the_next_one_when_that_dies()
    {
        await using var host = await ServingHost.LiveAsync();
        var first = await SampleMiner.StartAsync();
        await using var second = await SampleMiner.StartAsync();
        var owner = await host.PersonAsync(10_000_000_000);
        var netuid = (int)(await host.SignedAsync(owner, "/v1/subnets", new { name = "echo", task = "deterministic" }))["netuid"]!;
        await host.SignedAsync(owner, $"/v1/subnets/{netuid}/hyperparameters/max_regs_per_block", new { value = "10" });
        await host.SignedAsync(owner, $"/v1/subnets/{netuid}/hyperparameters/target_regs_per_interval", new { value = "10" });
        var miners = new List<(Person Who, int Uid)>();
        foreach (var sample in (SampleMiner[])[first, second])
        {
            var miner = await host.PersonAsync(10_000_000_000);
            var uid = (int)(await host.SignedAsync(miner, $"/v1/subnets/{netuid}/register", new { }))["uid"]!;
            await host.SignedAsync(miner, $"/v1/subnets/{netuid}/axon", new { endpoint = sample.Address });
            miners.Add((miner, uid));
        }

        var model = string.Create(CultureInfo.InvariantCulture, $"subnet-{netuid}");
        var caller = await host.CallerAsync();
        using (var models = await caller.GetAsync("models"))
        {
            Assert.Equal(model, (string?)JsonNode.Parse(await models.Content.ReadAsStringAsync())!["data"]![0]!["id"]);
        }

        Assert.Equal(DeterministicTask.Text("question", 8), await AskAsync(caller, model));
        Assert.Single(first.Requests);
        await first.DisposeAsync();
        Assert.Equal(DeterministicTask.Text("question", 8), await AskAsync(caller, model));
        await host.SettledAsync(caller.Wallet);
        foreach (var (who, _) in miners)
        {
            var statement = (await host.Client.SendAsync(who.Get($"/v1/ledgers/rao/statement"))).EnsureSuccessStatusCode();
            Assert.Contains("subnet-", await statement.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var nobody = await caller.PostAsync("chat/completions", new { model = "subnet-99", messages = new[] { new { role = "user", content = "x" } } });
        await ServingCaller.ErrorAsync(nobody, HttpStatusCode.NotFound);
    }

    private static async Task<string?> AskAsync(ServingCaller caller, string model)
    {
        using var answer = await caller.PostAsync("chat/completions", new { model, messages = new[] { new { role = "user", content = "question" } } });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return (string?)JsonNode.Parse(text)!["choices"]![0]!["message"]!["content"];
    }
}
