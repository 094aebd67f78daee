using System.Text.Json.Nodes;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>Tenants who deploy, wait for a lease and close again, over and over.</summary>
internal sealed class DeploymentLoad(IReadOnlyList<Person> tenants)
{
    public const string Sdl = """
        version: "2.0"
        services:
          web:
            image: native:depin-hello
            expose:
              - port: 80
                to:
                  - global: true
        profiles:
          compute:
            small:
              resources:
                cpu:
                  units: 100m
                memory:
                  size: 64Mi
                storage:
                  size: 64Mi
          placement:
            anywhere:
              pricing:
                small:
                  denom: uact
                  amount: 1000
        deployment:
          web:
            anywhere:
              profile: small
              count: 1
        """;

    private const long Money = 500_000_000;
    private const long Deposit = 5_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private int _leases;
    private int _without;

    /// <summary>Deployments that got a lease.</summary>
    public int Leases => _leases;

    /// <summary>What the network said about the last order that got none.</summary>
    public string Why { get; private set; } = "";

    /// <summary>Deployments that were closed without one.</summary>
    public int Without => _without;

    public static async Task FundAsync(Person person)
    {
        await person.RegisterAsync("tenant");
        await MoneyAsync(person);
    }

    /// <summary>Also providers need it: every bid holds a deposit.</summary>
    public static async Task MoneyAsync(Person person)
    {
        var (status, body) = await person.SendAsync(HttpMethod.Post, "/v1/ledgers/uact/faucet", new { amount = Money });
        Assert.True(status == 200, $"faucet: {status} {body?.ToJsonString()}");
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(tenants.Select(tenant => LoopAsync(tenant, stop)));

    /// <summary>One deployment up to its lease; its id and the lease's, or null when none came in time.</summary>
    public static async Task<(string Deployment, string? Lease)> DeployAsync(Person tenant, TimeSpan patience)
    {
        var (status, body) = await tenant.SendAsync(HttpMethod.Post, "/v1/deployments", new { sdl = Sdl, deposit = Deposit });
        Assert.True(status is 200 or 201 or 202, $"a deployment was answered {status} {body?.ToJsonString()}");
        var id = (string)body!["id"]!;
        string? lease = null;
        var until = TimeProvider.System.GetTimestamp();
        while (lease is null && TimeProvider.System.GetElapsedTime(until) < patience)
        {
            lease = (string?)(await tenant.ReadAsync($"/v1/deployments/{id}"))["groups"]?[0]?["order"]?["leaseId"];
            await Eventually.PauseAsync(TimeSpan.FromMilliseconds(400));
        }

        return (id, lease);
    }

    public static async Task CloseAsync(Person tenant, string id)
    {
        var (status, body) = await tenant.SendAsync(HttpMethod.Post, $"/v1/deployments/{id}/close", null);
        Assert.True(status is 200 or 202, $"closing was answered {status} {body?.ToJsonString()}");
    }

    private async Task LoopAsync(Person tenant, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var (id, lease) = await DeployAsync(tenant, Patience);
            if (lease is null)
            {
                Why = (await tenant.ReadAsync($"/v1/deployments/{id}", CancellationToken.None)).ToJsonString() + (await tenant.ReadAsync($"/v1/deployments/{id}/groups/1/orders/1/why", CancellationToken.None)).ToJsonString();
            }

            _ = lease is null ? Interlocked.Increment(ref _without) : Interlocked.Increment(ref _leases);
            await Eventually.PauseAsync(TimeSpan.FromSeconds(1));
            await CloseAsync(tenant, id);
        }
    }
}
