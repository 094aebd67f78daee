using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using Orleans.Runtime;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Subnets open and make room, miners come and are pruned or swept, validators weigh honestly and not, epochs pay.</content>
internal sealed partial class Scenario
{
    /// <summary>Hotkeys of everybody who may register.</summary>
    public static readonly ImmutableArray<string> Neurons = [.. Enumerable.Range(0, 7).Select(static i => IdentityIds.Reference(Neuron(i), IdentityIds.ForKey(Encoding.UTF8.GetBytes($"neuron {i}"))))];

    /// <summary>The first of <see cref="Neurons"/> validate: only they are given stake by hand.</summary>
    public const int Validators = 3;

    /// <summary>Opens all subnets.</summary>
    public static readonly string SubnetOwner = IdentityIds.ForFirstKey("simulation", "subnets");
    private int _opened;

    private static string Neuron(int i) => IdentityIds.ForFirstKey("simulation", $"neuron {i}");

    private ISubnetGrain Subnet(int netuid) => _world.Grain(g => g.GetGrain<ISubnetGrain>(netuid));

    private ISubnetRegistryGrain Registry => _world.Grain(static g => g.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry));

    private IRootNetworkGrain Root => _world.Grain(static g => g.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry));

    private async Task SetUpSubnetsAsync()
    {
        foreach (var coldkey in Enumerable.Range(0, Neurons.Length).Select(Neuron).Append(SubnetOwner))
        {
            await MintAsync(Tao, coldkey, 500 * TaoEmission.RaoPerTao);
            _model.Stake.Minted += 500 * TaoEmission.RaoPerTao;
        }

        await OpenAsync();
        for (var i = 0; i < 4; i++)
        {
            await RegisterAsync(1, i);
        }

        for (var i = 0; i < Validators; i++)
        {
            await StakeOnAsync(i, 40 * TaoEmission.RaoPerTao);
        }

        await RootAsync(0);
        // A tempo holds from the next epoch on, which is the first subnet's first; its permits make validators of stakers.
        await PassAsync(TimeSpan.FromSeconds(TaoEmission.BlockSeconds * 375));
    }

    private Task SubnetAsync() => _stakes.Below(40) switch
    {
        < 2 => OpenAsync(),
        < 12 => RegisterAsync(Netuid(), (int)_stakes.Below(Neurons.Length)),
        < 24 => WeighAsync(),
        < 27 => TuneAsync(),
        < 29 => RootAsync(),
        < 31 => AnnounceAsync(),
        < 34 => StakeOnAsync((int)_stakes.Below(Validators), _stakes.Between(90_000_000, 5_000_000_000)),
        < 36 => UnstakeFromAsync((int)_stakes.Below(Validators)),
        _ => TickSubnetAsync(),
    };

    private int Netuid() => (int)_stakes.Between(1, Math.Max(1, _opened));

    private async Task OpenAsync()
    {
        var (id, name) = (_caller.NewId(), $"subnet of {_stakes.Below(1_000)}");
        var opened = await _caller.AskAsync($"open {id}", () => Registry.CreateAsync(id, new CreateSubnet(SubnetOwner, name, SubnetTask.Deterministic)), (first, again) =>
        {
            if (first.IsOk)
            {
                _caller.MustBeSame($"open {id}", first.Value!.Netuid, again.Value?.Netuid);
            }
        });
        if (!opened.IsOk)
        {
            return;
        }

        var netuid = opened.Value.Netuid;
        _model.Subnets.Opened.Add(netuid);
        foreach (var (parameter, value) in Terms())
        {
            await TuneAsync(netuid, parameter, value);
        }

        _opened = Math.Max(_opened, netuid);
    }

    private (string Name, string Value)[] Terms() =>
    [
        ("max_regs_per_block", "4096"), ("target_regs_per_interval", "4096"), ("max_allowed_uids", "5"), ("immunity_period", "6"), ("weights_rate_limit", "0"), ("tempo", "9"),
        ("sweep_bar", _stakes.OneIn(2) ? "0" : "500"), ("sweep_window", "2"), ("sweep_min_survivors", "2"), ("yuma_version", _stakes.OneIn(3) ? "3" : "1"),
    ];

    private async Task RegisterAsync(int netuid, int who)
    {
        var (id, most) = (_caller.NewId(), _stakes.OneIn(4) ? _stakes.Between(1, 2_000_000_000) : (long?)null);
        // Now and then with another's hotkey.
        var coldkey = _stakes.OneIn(15) ? Neuron((who + 1) % Neurons.Length) : Neuron(who);
        var answer = await _caller.AskAsync($"uid {id}", () => Subnet(netuid).RegisterAsync(id, new RegisterNeuron(coldkey, Neurons[who], most)), (first, again) =>
        {
            if (first.IsOk)
            {
                _caller.MustBeSame($"uid {id}", first, again);
            }

            // What was refused for the moment alone may be taken later.
            Registered(again);
        });
        Registered(answer);

        void Registered(Result<NeuronRegistered> done)
        {
            _world.Problems.Unless(!done.IsOk || coldkey == Neuron(who), $"{coldkey} registered a hotkey of {Neuron(who)}");
            if (done.IsOk)
            {
                _model.Subnets.Registered(netuid, id, done.Value.Price);
            }
        }
    }

    /// <summary>Weights of a validator, or what somebody makes up: uids that are none, one twice, none at all, another's hotkey.</summary>
    private async Task WeighAsync()
    {
        var (id, netuid, who) = (_caller.NewId(), Netuid(), (int)_stakes.Below(_stakes.OneIn(5) ? Neurons.Length : Validators));
        var uids = Enumerable.Range(0, (int)_stakes.Below(4)).Select(_ => (ushort)_stakes.Below(_stakes.OneIn(10) ? 4_000 : 5)).ToArray();
        var hostile = uids.Length == 0 || uids.Distinct().Count() < uids.Length || uids.Any(static u => u >= 5);
        var signer = _stakes.OneIn(15) ? Neuron((who + 1) % Neurons.Length) : Neuron(who);
        var command = new SetWeights(signer, Neurons[who], [.. uids], [.. uids.Select(_ => (ushort)_stakes.Between(_stakes.OneIn(20) ? 0 : 1, ushort.MaxValue))], 0);
        var answer = await _caller.AskAsync($"weigh {id}", () => Subnet(netuid).SetWeightsAsync(id, command), (first, again) =>
        {
            if (first.IsOk && again.IsOk)
            {
                _caller.MustBeSame($"weigh {id}", first, again);
            }
        });
        _world.Problems.Unless(!answer.IsOk || (!hostile && signer == Neuron(who)), $"weights for {string.Join(' ', uids)} by {signer} of {Neurons[who]} were taken");
    }

    private Task TuneAsync()
    {
        var (name, value) = _rng.Below(8) switch
        {
            0 => ("tempo", $"{_stakes.Between(5, 30)}"),
            1 => ("max_allowed_uids", $"{_stakes.Between(3, 6)}"),
            2 => ("sweep_bar", $"{_stakes.Between(0, 3_000)}"),
            3 => ("immunity_period", $"{_stakes.Between(0, 12)}"),
            4 => ("pruning", _stakes.OneIn(2) ? "early_2024" : "since_2025"),
            5 => ("pricing", _stakes.OneIn(2) ? "continuous" : "interval"),
            6 => ("owner_cut", $"{_stakes.Between(0, 11_796)}"),
            _ => ("max_validators", $"{_stakes.Between(1, 4)}"),
        };
        return TuneAsync(Netuid(), name, value);
    }

    private async Task TuneAsync(int netuid, string name, string value)
    {
        var id = _caller.NewId();
        await _caller.AskAsync($"tune {id}", () => Subnet(netuid).SetHyperparameterAsync(id, new SetHyperparameter(SubnetOwner, name, value)));
    }

    private async Task RootAsync()
    {
        var (id, who) = (_caller.NewId(), (int)_stakes.Below(Validators));
        if (_stakes.OneIn(3))
        {
            await RootAsync(who);
            return;
        }

        var netuids = Enumerable.Range(0, _opened + 1).Where(_ => _stakes.OneIn(2)).ToImmutableArray();
        await _caller.AskAsync($"rootweigh {id}", () => Root.SetWeightsAsync(id, new SetRootWeights(Neuron(who), Neurons[who], netuids, [.. netuids.Select(_ => (ushort)_stakes.Between(1, 60_000))])));
    }

    private async Task RootAsync(int who)
    {
        var id = _caller.NewId();
        await _caller.AskAsync($"root {id}", () => Root.RegisterAsync(id, Neuron(who), Neurons[who]));
    }

    private async Task AnnounceAsync()
    {
        var (id, netuid, who) = (_caller.NewId(), Netuid(), (int)_stakes.Below(Neurons.Length));
        await _caller.AskAsync($"axon {id}", () => Subnet(netuid).ServeAxonAsync(id, new ServeAxon(Neuron(who), Neurons[who], "https://miner.example/v1", null, [], 1)));
    }

    private async Task StakeOnAsync(int who, long amount)
    {
        var id = _caller.NewId();
        await _caller.AskAsync($"stake {id}", () => Stake(Neurons[who]).AddAsync(id, new AddStake(Neuron(who), amount)), (first, again) => _caller.MustBeSame($"stake {id}", first, again));
    }

    private async Task UnstakeFromAsync(int who)
    {
        var (id, amount) = (_caller.NewId(), _stakes.Between(1, 20_000_000_000));
        await _caller.AskAsync($"unstake {id}", () => Stake(Neurons[who]).RemoveAsync(id, new RemoveStake(Neuron(who), amount)));
    }

    private Task<bool> TickSubnetAsync() => _caller.TryAsync("tick", () => _stakes.Below(6) switch
    {
        0 => Registry.TickAsync(),
        1 => Root.TickAsync(),
        2 => Emission.TickAsync(),
        _ => Subnet(Netuid()).TickAsync(),
    });

    /// <summary>At rest everything that is due is done.</summary>
    private async Task SettleSubnetsAsync()
    {
        foreach (var netuid in _model.Subnets.Opened)
        {
            // A clock that jumped by days leaves more epochs due than one call runs.
            for (var round = 0; round < 100 && (await _caller.AskAsync($"look {netuid}", () => Subnet(netuid).GetAsync())).Require().NextEpochBlock <= TaoBlock; round++)
            {
                await Subnet(netuid).TickAsync();
            }

            // One that was overtaken by its double learns of it when it writes.
            await TuneAsync(netuid, "serving_rate_limit", "50");
        }
    }

    private IAddressable AnyOfSubnets(IGrainFactory grains) => _stakes.Below(8) switch
    {
        0 => grains.GetGrain<IEmissionGrain>(Tao),
        1 => grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry),
        2 => grains.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry),
        3 => grains.GetGrain<IStakeGrain>(StakeKeys.Of(Tao, Neurons[(int)_stakes.Below(Validators)])),
        _ => grains.GetGrain<ISubnetGrain>(Netuid()),
    };
}
