using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Hosting;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Silos.Tests;

/// <summary>All who use the network during a test, and the audit of what they did.</summary>
internal sealed class Market : IAsyncDisposable
{
    private readonly List<Person> _people = [];
    private readonly List<Person> _tenants = [];
    private readonly List<Person> _holders = [];
    private readonly List<FakeAgent> _agents = [];
    private readonly CancellationTokenSource _stop = new();
    private TransferLoad _transfers = null!;
    private DeploymentLoad _deployments = null!;
    private HoldLoad _holds = null!;
    private SubnetLoad _subnet = null!;
    private SilosClient _silos = null!;
    private int _epochs;
    private Person _provider = null!;
    private Task _running = Task.CompletedTask;

    public Timeline Timeline { get; } = new();

    public string Summary =>
        $"{_transfers.Acknowledged} transfers acknowledged, {_deployments.Leases} leases, {_deployments.Without} deployments without one, {_epochs} epochs paid, weights set {_subnet.Weights} times, {_subnet.Moves} movements of stake, {_holds.Captured} holds captured, {_holds.Released} released, {Retries} tries without an answer made again, {Everybody.Sum(static p => p.Repeats)} answered commands repeated at the other gateway, {_agents.Sum(static a => a.Sessions)} agent sessions";

    /// <summary>Tries that ended with 503, an exception or no answer, and were made again with the same idempotency key.</summary>
    public int Retries => Everybody.Sum(static p => p.Retries) + _holds.Retries;

    private IEnumerable<Person> Everybody => [.. _people, .. _tenants, .. _holders, .. _subnet.People];

    /// <summary>The silo where the ledger lives that people, holds and escrows use all the time.</summary>
    public async Task<HostProcess> LedgersSiloAsync(SiloNetwork network) => network.SiloAt(await _silos.HomeOfLedgerAsync(HoldLoad.Token));

    /// <summary>Waits until every agent is connected to some gateway.</summary>
    public Task AgentsConnectedAsync() => Eventually.TrueAsync("every agent found a gateway", () => Task.FromResult(_agents.All(static a => a.ConnectedTo >= 0)), 60);

    public static async Task<Market> OpenAsync(SiloNetwork network, int people, SigningKey subnetOwner)
    {
        var market = new Market();
        market._provider = new Person(network.Addresses, 1);
        await market._provider.RegisterAsync("provider", "tenant");
        await DeploymentLoad.MoneyAsync(market._provider);
        var (status, body) = await market._provider.SendAsync(HttpMethod.Post, "/v1/providers", new { name = "test", pricing = new { } });
        Assert.True(status is 200 or 201, $"provider: {status} {body?.ToJsonString()}");
        for (var i = 0; i < 2; i++)
        {
            market._agents.Add(await FakeAgent.JoinAsync(network.Addresses, await market._provider.JoinTokenAsync(), i));
        }

        for (var i = 0; i < people; i++)
        {
            market._people.Add(new Person(network.Addresses, 100 + i));
            await TransferLoad.FundAsync(market._people[i]);
        }

        for (var i = 0; i < 2; i++)
        {
            market._tenants.Add(new Person(network.Addresses, 200 + i));
            await DeploymentLoad.FundAsync(market._tenants[i]);
        }

        for (var i = 0; i < 2; i++)
        {
            market._holders.Add(new Person(network.Addresses, 400 + i));
            await TransferLoad.FundAsync(market._holders[i]);
        }

        market._silos = await SilosClient.StartAsync(network);
        market._subnet = await SubnetLoad.OpenAsync(network, subnetOwner);
        market._holds = new HoldLoad(market._holders, "test/taken", market._silos, 11);
        market._transfers = new TransferLoad(market._people, market.Timeline, 7);
        market._deployments = new DeploymentLoad(market._tenants);
        var stop = market._stop.Token;
        market._running = Task.WhenAll(market._transfers.RunAsync(stop), market._deployments.RunAsync(stop), market._holds.RunAsync(stop), market._subnet.RunAsync(stop));
        return market;
    }

    /// <summary>Until everybody has had some successes and the code is compiled.</summary>
    public async Task WarmAsync(TimeSpan time)
    {
        await Eventually.TrueAsync("the first lease", () => Task.FromResult(_deployments.Leases > 0), 120, () => _running.IsFaulted ? _running.Exception.ToString() : _deployments.Without > 5 ? $"{_deployments.Why}; agents {string.Join(' ', _agents.Select(static a => $"{a.Sessions}@{a.ConnectedTo}"))}" : null);
        await Eventually.PauseAsync(time);
    }

    /// <summary>No new commands; what is under way is pursued to its answer.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromMinutes(3));
    }

    /// <summary>Everything that does not add up.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync(SiloNetwork network)
    {
        var wrong = new List<string>(await _transfers.AuditAsync());
        wrong.AddRange(_tenants.Concat(_subnet.People).SelectMany(static t => t.Contradictions));
        wrong.AddRange(await _holds.AuditAsync());
        await _subnet.EndAsync();
        await using (var subnet = new SubnetAudit(_subnet))
        {
            wrong.AddRange(await subnet.RunAsync(network));
            _epochs = subnet.Epochs;
        }

        // All deployments are closed: sagas come to their end, then no hold, no booking and no lease may be left.
        foreach (var token in (string[])["uakt", "uact", SubnetLoad.Token])
        {
            try
            {
                await Eventually.TrueAsync($"no hold is left in {token}", async () => (await _provider.ReadAsync($"/v1/ledgers/{token}/audit"))["openHolds"]!.GetValue<long>() == 0, 60);
            }
            catch (TimeoutException problem)
            {
                wrong.Add(problem.Message);
            }

            var audit = await _provider.ReadAsync($"/v1/ledgers/{token}/audit");
            if (!audit["isClean"]!.GetValue<bool>())
            {
                wrong.Add($"the audit of {token}: {audit.ToJsonString()}");
            }
        }

        try
        {
            await Eventually.TrueAsync("no booking is left", async () => (await _provider.ReadAsync("/v1/nodes"))["items"]!.AsArray().All(static n => n!["reservations"]!.GetValue<int>() == 0), 60);
        }
        catch (TimeoutException)
        {
            wrong.Add("bookings are left: " + (await _provider.ReadAsync("/v1/nodes")).ToJsonString());
        }

        await CountAsync(wrong, network, "leases that are not closed", "SELECT count(*) FROM rows_lease WHERE closed_ms IS NULL");
        await CountAsync(wrong, network, "orders with two leases", """SELECT count(*) FROM (SELECT substring("key" FROM '^(.*)/[^/]*$') AS ordered FROM rows_lease GROUP BY 1 HAVING count(*) > 1) doubled""");
        await CountAsync(wrong, network, "journal batches missing from the sequence", "SELECT count(*) FROM (SELECT max(sequence) - min(sequence) + 1 - count(*) AS gap FROM ledger_journal GROUP BY token) g WHERE gap <> 0");
        return wrong;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        foreach (var person in _people.Concat(_tenants).Concat(_holders).Append(_provider))
        {
            person.Dispose();
        }

        _subnet.Dispose();
        await _silos.DisposeAsync();

        _stop.Dispose();
    }

    private static async Task CountAsync(List<string> wrong, SiloNetwork network, string what, string sql)
    {
        var count = 0L;
        try
        {
            await Eventually.TrueAsync(what, async () => (count = await network.CountAsync(sql)) == 0, 60);
        }
        catch (TimeoutException)
        {
            wrong.Add($"{count} {what}");
        }
    }
}
