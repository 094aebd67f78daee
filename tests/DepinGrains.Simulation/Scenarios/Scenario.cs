using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.Nodes;
using DepinGrains.Simulation.Checks;
using DepinGrains.Simulation.Worlds;
using Orleans.Runtime;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>The life of one market: set up, a number of random operations and mishaps, rest, everything closed. Every operation is a caller of its own; many are under way at once.</summary>
internal sealed partial class Scenario
{
    private const int AtOnceMax = 6;
    private const string Denom = "uact";
    private readonly World _world;
    private readonly Rng _rng;
    private readonly Caller _caller;
    private readonly Model _model = new();
    private readonly List<Agent> _agents = [];
    private readonly List<Task> _underWay = [];
    private readonly (int Weight, Func<Task> Act)[] _operations;
    private readonly int _weights;
    private readonly Rng _stakes;

    public Scenario(World world)
    {
        _world = world;
        _rng = world.Scenario;
        _caller = new Caller(world, _rng.Fork());
        _stakes = world.Settings.Life == Life.Market ? _rng : _rng.Fork();
        _operations = world.Settings.Life switch
        {
            Life.Stake => [(60, StakeAsync), (6, SweepAsync), (3, RemindAsync), (8, _caller.ResendAsync), (5, DetachAsync), (3, DeactivateAsync), (3, CrashAsync), (2, JumpAsync)],
            Life.Subnets => [(60, SubnetAsync), (8, SweepAsync), (3, RemindAsync), (8, _caller.ResendAsync), (6, DetachAsync), (3, DeactivateAsync), (4, CrashAsync), (2, JumpAsync)],
            _ => Market(),
        };
        _weights = _operations.Sum(static o => o.Weight);
    }

    private (int Weight, Func<Task> Act)[] Market() =>
        [
            (6, MintAsync), (8, TransferAsync), (5, HoldAsync), (6, ChangeHoldAsync), (8, BalancesAsync),
            (12, CreateAsync), (3, RivalsAsync), (22, BidAsync), (6, CloseBidAsync), (9, AcceptAsync), (4, CloseLeaseAsync), (4, CloseAsync),
            (8, ChangeGroupAsync), (5, UpdateAsync), (9, DepositAsync), (6, WithdrawAsync), (3, ReclaimAsync), (3, TickAsync),
            (3, JoinAsync), (5, SilenceAsync), (5, WakeAgentAsync), (3, ReconnectAsync), (4, DrainAsync), (1, RetireAsync), (2, OvercommitAsync), (4, LieAsync), (5, ReportAgainAsync),
            (4, PutProviderAsync), (3, MaintenanceAsync), (4, SignAsync), (2, RedeemAsync), (2, IdentityAsync),
            (4, PutPoolAsync), (2, FeederAsync), (6, PriceAsync), (3, ParameterAsync),
            (3, SweepAsync), (3, RemindAsync), (8, _caller.ResendAsync),
            (4, DetachAsync), (2, DeactivateAsync), (2, CrashAsync), (2, JumpAsync),
        ];

    public Model Model => _model;

    private ILedgerGrain Ledger(string token) => _world.Grain(g => g.GetGrain<ILedgerGrain>(token));

    private IDeploymentGrain Deployment(string id) => _world.Grain(g => g.GetGrain<IDeploymentGrain>(id));

    private INodeGrain Node(string id) => _world.Grain(g => g.GetGrain<INodeGrain>(id));

    private IProviderGrain Provider(string id) => _world.Grain(g => g.GetGrain<IProviderGrain>(id));

    /// <summary>The whole life.</summary>
    public async Task RunAsync()
    {
        await _world.StartAsync(wake: true);
        await SetUpAsync();
        _world.Faults.On = true;
        for (var step = 0; step < _world.Settings.Steps && !_world.Problems.Any; step++)
        {
            Begin(Draw());
            await LetGoAsync();
        }

        await RestAsync();
        if (!_world.Problems.Any)
        {
            await new AtRest(_world, _model).CheckAsync();
        }

        if (!_world.Problems.Any)
        {
            await CloseAllAsync();
            await new AtTheEnd(_world, _model).CheckAsync();
        }

        foreach (var agent in _agents)
        {
            agent.Stop();
        }
    }

    /// <summary>Every weight in a million chances falls on one operation.</summary>
    private Func<Task> Draw()
    {
        var at = _rng.Below(_weights);
        foreach (var (weight, act) in _operations)
        {
            if ((at -= weight) < 0)
            {
                return act;
            }
        }

        return TickAsync;
    }

    private void Begin(Func<Task> operation) => _underWay.Add(_world.Scheduler.Start(async () =>
    {
        try
        {
            await operation();
        }
        catch (Exception e)
        {
            _world.Problems.Add($"{operation.Method.Name}: {e.GetType().Name}: {e.Message} at {LogWatch.Where(e)}");
        }
    }));

    /// <summary>A little, or a lot, happens before the next operation begins.</summary>
    private async Task LetGoAsync()
    {
        _underWay.RemoveAll(static t => t.IsCompleted);
        while (_underWay.Count >= AtOnceMax)
        {
            await Task.WhenAny(_underWay);
            _underWay.RemoveAll(static t => t.IsCompleted);
        }

        switch (_rng.Below(20))
        {
            case < 8:
                for (var turns = _rng.Below(8); turns > 0; turns--)
                {
                    await Task.Yield();
                }

                break;
            case < 15:
                await PassAsync(TimeSpan.FromMilliseconds(_rng.Between(1, 8_000)));
                break;
            case < 18:
                await PassAsync(TimeSpan.FromSeconds(_rng.Between(8, 40)));
                break;
            default:
                await PassAsync(TimeSpan.FromSeconds(_rng.Between(40, 240)));
                break;
        }
    }

    private Task PassAsync(TimeSpan time) => Task.Delay(time, _world.Time);

    /// <summary>No more mishaps: callers get their answers, agents live, sagas finish.</summary>
    private async Task RestAsync()
    {
        _world.Faults.On = false;
        _world.Trace.Line("rest");
        await Task.WhenAll(_underWay);
        await _world.UpAsync();
        _world.ForgetStale();
        foreach (var agent in _agents)
        {
            agent.Live();
        }

        await WakeShardsAsync();
        await PassAsync(TimeSpan.FromMinutes(3));
        await SettleSubnetsAsync();
    }

    private async Task CloseAllAsync()
    {
        _world.Trace.Line("close all");
        foreach (var deployment in _model.Deployments.Where(static d => d.Created == true))
        {
            await CloseAsync(deployment);
        }

        await PassAsync(TimeSpan.FromMinutes(1));
    }

    private async Task SetUpAsync()
    {
        if (_world.Settings.Life != Life.Market)
        {
            await MintAsync(Denom, Tenants[0], 1);
            await (_world.Settings.Life == Life.Stake ? SetUpStakeAsync() : SetUpSubnetsAsync());
            return;
        }

        foreach (var tenant in Tenants)
        {
            await MintAsync(Denom, tenant, 12_000_000);
        }

        for (var i = 0; i < Sellers.Length; i++)
        {
            var provider = new KnownProvider(Sellers[i]);
            _model.Providers.Add(provider);
            await MintAsync(Denom, provider.Id, _rng.Between(600_000, 4_000_000));
            await PutAsync(provider, managed: i < 2);
            await PutPoolAsync(i, i < 3 ? 2 : 0);
        }

        await FeederAsync(Feeders[0], registered: true);
        for (var i = 0; i < 4; i++)
        {
            await JoinAsync(Sellers[i % Sellers.Length]);
        }

        await PassAsync(TimeSpan.FromSeconds(2));
        await CreateAsync();
    }

    private async Task WakeShardsAsync()
    {
        for (var i = 0; i < World.Shards; i++)
        {
            var shard = i;
            await _caller.TryAsync("wake", () => _world.Grain(g => g.GetGrain<ISweepGrain>(shard)).WakeAsync());
            await _caller.TryAsync("wake", () => _world.Grain(g => g.GetGrain<ILivenessShardGrain>(shard)).WakeAsync());
        }
    }

    private Task<bool> SweepAsync() => _caller.TryAsync("sweep", () => _world.Grain(g => g.GetGrain<ISweepGrain>(_rng.Below(World.Shards))).SweepAsync());

    /// <summary>A reminder ticks when it should not, or once more.</summary>
    private Task<bool> RemindAsync() => _caller.TryAsync("remind", () =>
    {
        var shard = _rng.Below(World.Shards);
        var grain = _rng.OneIn(2)
            ? _world.Grain(g => g.GetGrain<ISweepGrain>(shard)).AsReference<IRemindable>()
            : _world.Grain(g => g.GetGrain<ILivenessShardGrain>(shard)).AsReference<IRemindable>();
        return grain.ReceiveReminder("wake", default);
    });

    private async Task CrashAsync()
    {
        await _world.UpAsync();
        _world.Struck("crash", "at rest");
        _world.CrashSoon();
    }

    /// <summary>The clock is corrected: a little in either direction, or the machine slept for days.</summary>
    private async Task JumpAsync()
    {
        var by = _rng.Below(4) switch
        {
            0 => TimeSpan.FromSeconds(-_rng.Between(1, 10)),
            1 => TimeSpan.FromSeconds(_rng.Between(1, 600)),
            2 => TimeSpan.FromHours(_rng.Between(1, 30)),
            _ => TimeSpan.FromSeconds(_rng.Between(1, 10)),
        };
        _world.Struck("clock jump", by.ToString("c", CultureInfo.InvariantCulture));
        _world.Scheduler.JumpWallClock(by);
        await Task.Yield();
    }

    /// <summary>No liveness shard: a double of one, which for once would live on for ever without beats, rightly declares its nodes dead.</summary>
    private async Task DetachAsync()
    {
        await _world.UpAsync();
        if (_world.Runtime is { } runtime)
        {
            await DetachAsync(AnyGrain(runtime.Grains));
        }
    }

    /// <summary>Found by asking for it, so that the reference leads to the activation that is about to be replaced.</summary>
    private async Task DetachAsync(IAddressable grain)
    {
        await _caller.TryAsync("look", () => LookAsync(grain));
        _world.Detach(grain);
    }

    private async Task DeactivateAsync()
    {
        await _world.UpAsync();
        if (_world.Runtime is { } runtime)
        {
            runtime.Deactivate(AnyGrain(runtime.Grains).GetGrainId());
        }
    }

    private IAddressable AnyGrain(IGrainFactory grains)
    {
        var deployment = _model.Deployments.Count > 0 ? _rng.Pick(_model.Deployments) : null;
        if (_world.Settings.Life == Life.Subnets)
        {
            return AnyOfSubnets(grains);
        }

        if (_world.Settings.Life == Life.Stake)
        {
            return _stakes.Below(4) switch
            {
                0 => grains.GetGrain<IEmissionGrain>(Tao),
                1 => grains.GetGrain<ILedgerGrain>(Tao),
                2 => grains.GetGrain<IStakerGrain>(StakeKeys.Of(Tao, _stakes.Pick(Coldkeys))),
                _ => grains.GetGrain<IStakeGrain>(StakeKeys.Of(Tao, _stakes.Pick(Hotkeys))),
            };
        }

        return _rng.Below(8) switch
        {
            0 => grains.GetGrain<ILedgerGrain>(Denom),
            1 => grains.GetGrain<INodeGrain>(_rng.Pick(_model.Nodes).Id),
            2 or 3 when deployment is not null => grains.GetGrain<IEscrowGrain>(deployment.Id),
            4 when deployment?.View is { } view && view.Groups.FirstOrDefault(static g => g.Order.LeaseId is not null) is { } group => grains.GetGrain<ILeaseGrain>(group.Order.LeaseId!),
            5 => grains.GetGrain<IProviderGrain>(_rng.Pick(_model.Providers).Id),
            6 when _rng.OneIn(3) => grains.GetGrain<ISweepGrain>(_rng.Below(World.Shards)),
            _ when deployment is not null => grains.GetGrain<IDeploymentGrain>(deployment.Id),
            _ => grains.GetGrain<ILedgerGrain>(Denom),
        };
    }

    private static Task LookAsync(IAddressable grain) => grain switch
    {
        IDeploymentGrain deployment => deployment.GetAsync(),
        IEscrowGrain escrow => escrow.GetAsync(),
        ILeaseGrain lease => lease.GetAsync(),
        INodeGrain node => node.GetAsync(),
        IProviderGrain provider => provider.GetAsync(),
        IEmissionGrain emission => emission.GetAsync(),
        IStakeGrain stake => stake.GetTermsAsync(),
        IStakerGrain staker => staker.TickAsync(),
        ISubnetGrain subnet => subnet.GetAsync(),
        ISubnetRegistryGrain registry => registry.ListAsync(),
        IRootNetworkGrain root => root.GetAsync(),
        ILedgerGrain ledger => ledger.GetBalanceAsync(LedgerAccounts.CommunityPool),
        _ => Task.CompletedTask,
    };
}
