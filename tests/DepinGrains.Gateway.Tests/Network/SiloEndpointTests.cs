using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.ServiceDefaults.Hosting;

namespace DepinGrains.Gateway.Tests.Network;

/// <summary>The operator's view of the processes, over whichever runtime this build has.</summary>
public sealed class SiloEndpointTests
{
    [Fact]
    public async Task Operators_See_Silos_Builds_GrainsByKind_AndGateways()
    {
        using var key = SigningKey.Generate();
        await using var host = await FullHost.StartAsync(settings: new() { ["Identities:OperatorKeys:0"] = key.KeyId });
        await host.RegisterAsync(key, "operator");
        for (var i = 0; i < 3; i++)
        {
            await host.RegisterAsync();
        }

        var view = await ViewAsync(host, key, "");
        Assert.Contains((string?)view["runtime"], (string[])["Orleans", "Local"]);
        var silo = Assert.Single(view["silos"]!.AsArray())!;
        Assert.Equal("active", (string?)silo["status"]);
        Assert.True((DateTimeOffset)silo["startedAt"]! <= DateTimeOffset.UtcNow);
        Assert.Equal(4, (long)Kind(silo["grains"]!, "Identity")!["activations"]!);
        Assert.Equal(4, (long)Kind(view["grains"]!, "Identity")!["activations"]!);
        Assert.True((long)view["activations"]! >= 5);

        // The first report is made once the host has started.
        var deadline = DateTimeOffset.UtcNow.AddSeconds(60);
        while (view["gateways"]!.AsArray().Count == 0 && DateTimeOffset.UtcNow < deadline)
        {
            view = await ViewAsync(host, key, "");
        }

        var gateway = Assert.Single(view["gateways"]!.AsArray())!;
        Assert.Equal(host.Address, new Uri((string)gateway["address"]!));
        Assert.Equal(HostExtensions.Version, (string?)gateway["version"]);
        Assert.Equal(0, (int)gateway["agents"]!);

        var one = await ViewAsync(host, key, "?top=1");
        Assert.Equal((string?)view["grains"]![0]!["kind"], (string?)Assert.Single(one["grains"]!.AsArray())!["kind"]);
        Assert.Single(one["silos"]![0]!["grains"]!.AsArray());
        Assert.True((long)one["activations"]! >= 5, "the sum is of all kinds, not of the shown ones");
        using var none = await host.SendAsync(key, HttpMethod.Get, "/v1/network/silos?top=0", null);
        await ProblemAssert.IsAsync(none, HttpStatusCode.BadRequest, RequestError.Invalid);
    }

    [Fact]
    public async Task NobodyElse_SeesThem()
    {
        await using var host = await FullHost.StartAsync();
        var (key, _) = await host.RegisterAsync();
        using var tenant = await host.SendAsync(key, HttpMethod.Get, "/v1/network/silos", null);
        await ProblemAssert.IsAsync(tenant, HttpStatusCode.Forbidden, IdentityError.RoleNotAllowed);
        using var nobody = await host.Client.GetAsync("/v1/network/silos");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.Unauthorized, RequestError.Unauthenticated);
        key.Dispose();
    }

    private static JsonNode? Kind(JsonNode grains, string kind) => Assert.Single(grains.AsArray(), g => (string?)g!["kind"] == kind);

    private static async Task<JsonNode> ViewAsync(FullHost host, SigningKey key, string query)
    {
        using var answer = await host.SendAsync(key, HttpMethod.Get, "/v1/network/silos" + query, null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }
}
