using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests;

/// <summary>What <c>depin admin cluster</c> shows an operator of several processes.</summary>
public sealed class SilosViewTests
{
    [Fact]
    public async Task AnOperator_SeesEverySiloAndGateway_AndThatOneDied()
    {
        Needs.SilosAndPostgres();
        using var key = SigningKey.Generate();
        await using var network = await SiloNetwork.StartAsync(silos: 2, gateways: 2, new Dictionary<string, string> { ["Identities__OperatorKeys__0"] = key.KeyId });
        using var chief = new Person(network.Addresses, 1, key);
        await chief.RegisterAsync("operator");

        JsonNode view = null!;
        await Eventually.TrueAsync("every process has spoken", async () =>
        {
            view = await chief.ReadAsync("/v1/network/silos?top=100");
            return view["gateways"]!.AsArray().Count == 2 && view["silos"]!.AsArray().All(static s => s!["version"] is not null && s["activations"] is not null);
        }, 120);
        var build = NewBuild.VersionOf(HostProcess.Dll("DepinGrains.Silo"));
        Assert.Equal(["silo-0", "silo-1"], Silos(view).Select(static s => (string)s["name"]!).Order(StringComparer.Ordinal));
        Assert.All(Silos(view), s => Assert.Equal(("active", build), ((string?)s["status"], (string?)s["version"])));
        Assert.All(Silos(view), static s => Assert.True((long)s["memoryBytes"]! > 0 && (int)s["cpuPercent"]! is >= 0 and <= 100));
        Assert.Equal(network.Addresses.Order(Comparer<Uri>.Create(static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))), view["gateways"]!.AsArray().Select(static g => new Uri((string)g!["address"]!)));
        Assert.Equal(1, (long)view["grains"]!.AsArray().Single(static g => (string?)g!["kind"] == "Hosts")!["activations"]!);
        Assert.Equal((long)view["activations"]!, Silos(view).Sum(static s => (long)s["activations"]!));

        await network.Silos[1].KillAsync();
        await Eventually.TrueAsync("the dead silo is shown as one", async () =>
        {
            view = await chief.ReadAsync("/v1/network/silos");
            return Silos(view).Any(static s => (string?)s["name"] == "silo-1" && (string?)s["status"] == "dead");
        }, 120);
        var dead = Silos(view).Single(static s => (string?)s["status"] == "dead");
        Assert.True(dead["activations"] is null && dead["version"] is null, dead.ToJsonString());
        Assert.Equal("silo-0", (string?)view["silos"]![0]!["name"]);
    }

    private static IEnumerable<JsonNode> Silos(JsonNode view) => view["silos"]!.AsArray().Select(static s => s!);
}
