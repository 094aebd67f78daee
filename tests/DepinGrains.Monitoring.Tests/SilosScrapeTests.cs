using DepinGrains.Monitoring.Tests.Grafana;
using DepinGrains.Monitoring.Tests.Live;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Monitoring.Tests;

/// <summary>A real Prometheus beside two silos and a gateway on PostgreSQL: what an operator of a network sees.</summary>
public sealed class SilosScrapeTests
{
    [Fact]
    public async Task EveryPanelAndEveryAlert_FindsItsData_AndSilosTellTheSameOfTheMarket()
    {
        Needs.SilosAndPostgres();
        Files.Need(File.Exists(Files.Prometheus), "prometheus (Debian's package)");
        await using var network = await SiloNetwork.StartAsync(2, 1, new Dictionary<string, string> { ["MarketMetrics__Every"] = "00:00:01" });
        await using var prometheus = await PrometheusServer.StartAsync(
            [.. network.Silos.Select(static s => ("depin-silo", s.Management.Authority)), .. network.Gateways.Select(static g => ("depin-gateway-management", g.Management.Authority))]);
        await using var load = await RunAsync(network);

        // No feeder here, prices come from configuration, no subnet and no agent of ours: the standalone's test has them.
        await ScrapeCheck.EverythingHasDataAsync(prometheus, load.Running, 400, "depin_oracle_price_age", "depin_subnet_", "depin_serving_", "depin_stake_", "depin_inflation_", "depin_emission_", "depin_agent_");
        await Programs.EventuallyAsync("every host is scraped", async () => (await prometheus.QueryAsync("up == 1")).Count == 3 ? "yes" : null);
        await Programs.EventuallyAsync("both silos read the market", async () => (await prometheus.QueryAsync("depin_market_read_age_seconds")).Count == 2 ? "yes" : null);
        await load.StopAsync();

        // At rest both silos say the same, and it is not twice the truth.
        await Programs.EventuallyAsync("both silos tell the same", async () =>
        {
            var nodes = await prometheus.QueryAsync("depin_nodes{status=\"online\"}");
            var market = await prometheus.QueryAsync("{__name__=~\"depin_(nodes|capacity_.*|leases|deployments|orders|ledger_supply)\"}");
            var told = market.GroupBy(static v => string.Join(',', v.Labels.AsObject().Where(static l => l.Key != "instance").Select(static l => $"{l.Key}={l.Value}")), StringComparer.Ordinal).ToArray();
            return told.Length is >= 30 and <= 500 && nodes.Count == 2 && nodes.All(static n => n.Value == 2) && told.All(static t => t.Count() == 2 && t.Select(static v => v.Value).Distinct().Count() == 1) ? "yes" : null;
        });
    }

    private static async Task<RunningLoad> RunAsync(SiloNetwork network)
    {
        var provider = new Person(network.Addresses, 1);
        await provider.RegisterAsync("provider", "tenant");
        await DeploymentLoad.MoneyAsync(provider);
        var (status, body) = await provider.SendAsync(HttpMethod.Post, "/v1/providers", new { name = "test", pricing = new { } });
        Assert.True(status is 200 or 201, $"provider: {status} {body?.ToJsonString()}");
        FakeAgent[] agents = [await FakeAgent.JoinAsync(network.Addresses, await provider.JoinTokenAsync(), 0), await FakeAgent.JoinAsync(network.Addresses, await provider.JoinTokenAsync(), 0)];
        var tenant = new Person(network.Addresses, 2);
        await DeploymentLoad.FundAsync(tenant);
        return new RunningLoad(provider, tenant, agents);
    }

    private sealed class RunningLoad : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Person _provider;
        private readonly Person _tenant;
        private readonly FakeAgent[] _agents;

        public Task Running { get; }

        public RunningLoad(Person provider, Person tenant, FakeAgent[] agents)
        {
            (_provider, _tenant, _agents) = (provider, tenant, agents);
            Running = new DeploymentLoad([tenant]).RunAsync(_stop.Token);
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Running;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Running.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            foreach (var agent in _agents)
            {
                await agent.DisposeAsync();
            }

            _provider.Dispose();
            _tenant.Dispose();
            _stop.Dispose();
        }
    }
}
