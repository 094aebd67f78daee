using System.Text.Json.Nodes;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Gateway.Tests.Nodes;
using DepinGrains.Gateway.Tests.Subnets.Serving;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Subnets.Walk;

/// <summary>One host, its clock in the test's hand, and who works on it: everything is asked for over HTTP, by signed requests. The host's past (what it issued in years) is the one thing put there by hand.</summary>
internal sealed class SubnetWalk : IAsyncDisposable
{
    public const long Tao = 1_000_000_000;

    private readonly List<IAsyncDisposable> _running = [];
    private readonly List<Person> _owners = [];

    private SubnetWalk(ServingHost host, WalkTime time) => (Host, Time) = (host, time);

    public ServingHost Host { get; }

    public WalkTime Time { get; }

    /// <summary>The subnets: number, owner, the sweep's bar.</summary>
    public List<(int Netuid, string Owner, long Bar)> Nets { get; } = [];

    public long Block => Time.Block;

    public static async Task<SubnetWalk> StartAsync(WalkTime time) => new(await ServingHost.WalkAsync(time), time);

    public async ValueTask DisposeAsync()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            await _running[i].DisposeAsync();
        }

        await Host.DisposeAsync();
    }

    /// <summary>Opens a subnet of somebody new, in which nothing limits how many register.</summary>
    public async Task OpenAsync(string name, long bar, params (string Name, string Value)[] hyperparameters)
    {
        var owner = await Host.PersonAsync(10 * Tao);
        _owners.Add(owner);
        var netuid = (int)(await Host.SignedAsync(owner, "/v1/subnets", new { name, task = "deterministic" }))["netuid"]!;
        foreach (var (parameter, value) in ((string, string)[])[("max_regs_per_block", "1000"), ("target_regs_per_interval", "1000"), ("tempo", "3599"), .. hyperparameters])
        {
            await Host.SignedAsync(owner, $"/v1/subnets/{netuid}/hyperparameters/{parameter}", new { value });
        }

        Nets.Add((netuid, owner.Id, bar));
    }

    /// <summary>Its owner changes a hyperparameter.</summary>
    public Task SetAsync(int at, string parameter, string value) => Host.SignedAsync(_owners[at], $"/v1/subnets/{Nets[at].Netuid}/hyperparameters/{parameter}", new { value });

    /// <summary>Somebody with 50 TAO and a node whose agent is online; with a port, the agent tunnels to it.</summary>
    public async Task<WalkPerson> JoinAsync(int? port = null)
    {
        var person = await Host.PersonAsync(50 * Tao);
        await Host.SignedAsync(person, "/v1/providers", new { name = "node", pricing = new { } });
        var agent = await AgentAtWork.StartAsync(
            Host,
            person.Id,
            options =>
            {
                if (port is { } open)
                {
                    options.Tunnels.Ports.Add(open);
                }
            });
        _running.Add(agent);
        return new WalkPerson(person, Hotkeys.Of(person.Id, person.Key.KeyId), agent);
    }

    /// <summary>A uid; where the subnet wants hardware, the node's own agent proves it.</summary>
    public async Task<JsonNode> RegisterAsync(WalkPerson who, int netuid, bool hardware)
    {
        if (!hardware)
        {
            return await Host.SignedAsync(who.Person, $"/v1/subnets/{netuid}/register", new { });
        }

        var node = who.Agent.Node;
        Assert.StartsWith("registration.hardware", (string?)(await Host.TrySignedAsync(who.Person, $"/v1/subnets/{netuid}/register", new { })).Answer["code"], StringComparison.Ordinal);
        var challenge = (string)(await Host.SignedAsync(who.Person, $"/v1/subnets/{netuid}/challenges", new { node }))["id"]!;
        await ServingHost.UntilAsync("the agent's benchmark is over", async () =>
        {
            var seen = await GetAsync($"/v1/subnets/{netuid}/challenges/{node}");
            Assert.NotEqual("failed", (string?)seen["status"]);
            return (string?)seen["status"] == "passed";
        });
        return await Host.SignedAsync(who.Person, $"/v1/subnets/{netuid}/register", new { node, challenge });
    }

    /// <summary>Money of before the test, and stake of it on somebody's hotkey.</summary>
    public async Task StakeAsync(Person who, string hotkey, long rao)
    {
        await MintAsync(LedgerAccounts.Wallet(who.Id), rao);
        await Host.SignedAsync(who, $"/v1/staking/TAO/hotkeys/{hotkey}/add", new { amount = rao });
    }

    public async Task MintAsync(string account, long rao) => (await Ledger.ExecuteAsync(
        new Transfer("mint/" + Guid.NewGuid().ToString("N"), TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -rao), new Leg(account, rao)]))).Require();

    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Host.Client.GetStringAsync(path))!;

    public async Task<long> IssuanceAsync() => -await PostedAsync(LedgerAccounts.Issuance);

    public async Task<long> PostedAsync(string account) => (await Ledger.GetBalanceAsync(account)).Posted;

    public async Task<long> EpochBlockAsync(int at) => (long)(await GetAsync($"/v1/subnets/{Nets[at].Netuid}"))["nextEpochBlock"]!;

    /// <summary>What a sweep does when it comes by.</summary>
    public Task TickAsync(int at) => Host.Services.GetRequiredService<IGrainFactory>().GetGrain<ISubnetGrain>(Nets[at].Netuid).TickAsync();

    /// <summary>Lets the emission settle up to now.</summary>
    public Task SettleAsync() => Host.Services.GetRequiredService<IGrainFactory>().GetGrain<IEmissionGrain>(EmissionKeys.Tao).TickAsync();

    public async Task BooksAreCleanAsync()
    {
        var audit = await Ledger.AuditAsync();
        Assert.Empty(audit.Problems);
        Assert.Equal(0, audit.SumOfBalances);
    }

    private ILedgerGrain Ledger => Host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILedgerGrain>(EmissionKeys.Tao);
}

/// <summary>Somebody, the hotkey and the node.</summary>
internal sealed record WalkPerson(Person Person, string Hotkey, AgentAtWork Agent);

/// <summary>The network's clock: it stands until it is moved. Timers and what is measured by them go on as ever, so that connections live through the months.</summary>
internal sealed class WalkTime(DateTimeOffset genesis) : TimeProvider
{
    private long _ticks = genesis.UtcTicks;

    public DateTimeOffset Genesis => genesis;

    public long Block => (Interlocked.Read(ref _ticks) - genesis.UtcTicks) / (TaoEmission.BlockSeconds * TimeSpan.TicksPerSecond);

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    /// <summary>To the start of a block.</summary>
    public void MoveTo(long block) => Interlocked.Exchange(ref _ticks, genesis.UtcTicks + (block * TaoEmission.BlockSeconds * TimeSpan.TicksPerSecond));
}
