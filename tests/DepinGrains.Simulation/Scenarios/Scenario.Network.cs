using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Contracts.Providers;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Commands to what the whole network shares: pools of addresses, prices, parameters.</content>
internal sealed partial class Scenario
{
    private static readonly ImmutableArray<string> Feeders = ["id_f0", "id_f1", "id_f2"];
    private int _prices;
    private int _values;

    private IOracleGrain Oracle() => _world.Grain(g => g.GetGrain<IOracleGrain>(OracleKeys.Network));

    private Task PutPoolAsync() => PutPoolAsync(_rng.Below(Sellers.Length), _rng.Between(0, 4));

    /// <summary>Two addresses, more, fewer than are booked, or none.</summary>
    private async Task PutPoolAsync(int seller, long last)
    {
        var (id, provider) = (_caller.NewId(), Sellers[seller]);
        ImmutableArray<string> ranges = last == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"10.0.{seller}.1-10.0.{seller}.{last}")];
        var answer = await _caller.AskAsync(
            $"putPool {provider} {last}", () => _world.Grain(g => g.GetGrain<IAddressPoolGrain>(provider)).PutAsync(id, ranges), (first, again) =>
            {
                if (first.IsOk)
                {
                    _caller.MustBeSame($"pool of {provider}", first, again);
                }
            });
        if (answer.IsOk)
        {
            _caller.Seen("address_pool", provider, answer.Value.Version);
        }
    }

    private Task FeederAsync() => FeederAsync(_rng.Pick(Feeders), registered: !_rng.OneIn(4));

    private async Task FeederAsync(string feeder, bool registered)
    {
        var id = _caller.NewId();
        await _caller.AskAsync($"feeder {feeder} {registered}", () => Oracle().SetFeederAsync(id, feeder, registered, "id_operator"));
    }

    /// <summary>Every price is posted once only, so that its row tells whether it was taken, and how often.</summary>
    private async Task PriceAsync()
    {
        var usd = string.Create(CultureInfo.InvariantCulture, $"0.5{++_prices:D4}1");
        var (id, post) = (_caller.NewId(), new PostPrice("uakt", _rng.Pick(Feeders), usd, null));
        var answer = await _caller.AskAsync($"price {post.Feeder} {usd}", () => Oracle().PostAsync(id, post), (first, again) =>
        {
            if (first.IsOk)
            {
                _caller.MustBeSame($"price {usd}", first, again);
            }
        });
        if (answer.IsOk)
        {
            _model.Prices.Add(usd);
        }
    }

    /// <summary>None that the model's own sums depend on: the take fee stays.</summary>
    private async Task ParameterAsync()
    {
        var name = _rng.Pick(["bid.deposit.uact", "oracle.move_max_bps", "pool.delay_seconds"]);
        var value = 400_000 + ++_values;
        DateTimeOffset? at = _rng.OneIn(2) ? _world.Time.GetUtcNow() + TimeSpan.FromSeconds(_rng.Between(1, 600)) : null;
        var (id, command) = (_caller.NewId(), new SetParameter(name, value, at, "id_operator"));
        var answer = await _caller.AskAsync(
            $"parameter {name} {value}", () => _world.Grain(g => g.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network)).SetAsync(id, command), (first, again) =>
            {
                if (first.IsOk)
                {
                    _caller.MustBeSame($"parameter {name} {value}", first, again);
                }
            });
        if (answer.IsOk)
        {
            _model.Parameters.Add((answer.Value.Ordinal, name, value));
        }
    }
}
