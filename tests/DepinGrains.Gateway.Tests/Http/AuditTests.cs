using System.Net;
using System.Text.Json.Nodes;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The audit of a ledger over HTTP: work for members, who can be counted, not for anybody.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task Only_members_have_a_ledger_audited()
    {
        await using var host = await FullHost.StartAsync();
        var (key, _) = await host.RegisterAsync();
        using var nobody = await host.Client.GetAsync("/v1/ledgers/uact/audit");
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.Unauthorized, "request.unauthenticated");
        using var member = await host.SendAsync(key, HttpMethod.Get, "/v1/ledgers/uact/audit", null);
        Assert.True((bool)JsonNode.Parse(await member.Content.ReadAsStringAsync())!["isClean"]!);
    }
}
