using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Tests.Deployments;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Tests.Network;

/// <summary>What the gauges of the market and the counters of its grains say about a market that a test knows.</summary>
public sealed class MarketMetricsTests : IAsyncLifetime
{
    private readonly Market _market = new();
    private readonly ConcurrentDictionary<string, double> _counted = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public async ValueTask InitializeAsync()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _market.Meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Count(instrument, value, tags));
        _listener.Start();
        await _market.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _market.DisposeAsync();
    }

    [Fact]
    public async Task Gauges_are_sums_over_the_stores_rows()
    {
        var region = _market.NewRegion();
        await region.LeasedAsync();
        await region.AddProviderAsync("away", "3", online: false);
        var values = await ReadAsync();

        Assert.Equal(1, values["depin.nodes status=online"]);
        Assert.Equal(1, values["depin.nodes status=joining"]);
        Assert.Equal(0, values["depin.nodes status=offline"]);
        var hardware = Nodes.Samples.Hardware();
        Assert.Equal(1, values["depin.capacity.cpu.cores status=online state=reserved"], 1e-9);
        Assert.Equal((hardware.CpuMilli / 1_000.0) - 1, values["depin.capacity.cpu.cores status=online state=free"], 1e-9);
        Assert.Equal(512L << 20, values["depin.capacity.memory status=online state=reserved"]);
        Assert.Equal(1L << 30, values["depin.capacity.storage status=online state=reserved"]);
        Assert.Equal(hardware.MemoryBytes, values["depin.capacity.memory status=joining state=free"]);
        Assert.Equal(hardware.Gpus.Length, values.Where(static v => v.Key.StartsWith("depin.capacity.gpus status=online", StringComparison.Ordinal)).Sum(static v => v.Value));
        Assert.Equal(1, values["depin.leases status=active resource_class=cpu/small"]);
        Assert.Equal(1, values["depin.deployments status=active"]);
        Assert.Equal(0, values["depin.orders status=open"]);
        Assert.Equal(1, values["depin.oracle.price.usd token=uusdc"]);

        // What is in being is what was minted here: two providers' purses and the tenant's.
        Assert.Equal(3 * MarketRegion.Purse / 1e6, await SettledSupplyAsync());
    }

    [Fact]
    public async Task Overdue_is_the_oldest_deadline_that_nobody_kept()
    {
        var region = _market.NewRegion();
        await region.DeployAsync();
        await region.Deployment.TickAsync();
        await _market.RestartAsync();
        Assert.Equal(0, (await ReadAsync())["depin.sweep.overdue list=deployment"]);
        _market.Time.Advance(TimeSpan.FromHours(1));
        Assert.InRange((await ReadAsync())["depin.sweep.overdue list=deployment"], 3_000, 3_600);
    }

    [Fact]
    public async Task Counters_tell_each_event_once()
    {
        var region = _market.NewRegion();
        await region.LeasedAsync();
        (await region.Deployment.CloseAsync(region.NewOperation(), region.Tenant)).Require();
        await _market.SweepAsync();

        foreach (var (name, wanted) in ((string, double)[])
        [
            ("depin.market.deployments event=created", 1), ("depin.market.deployments event=closed", 1), ("depin.market.orders event=created", 1), ("depin.market.orders event=matched", 1),
            ("depin.market.bids event=created", 1), ("depin.market.bids event=won", 1), ("depin.market.leases event=opened", 1), ("depin.market.leases event=closed", 1),
            ("depin.market.leases.closed reason=owner", 1), ("depin.market.leases.closed reason=unstable", 0), ("depin.sweep.rounds outcome=ok", 4), ("depin.sweep.rounds outcome=failed", 0),
            // 1,000 uact a block of 6 s are 600,000 an hour.
            ("depin.market.lease.price resource_class=cpu/small denom=uact", 0.6), ("depin.market.order.lease_latency", 12),
            ("depin.ledger.minted token=uact", 2 * MarketRegion.Purse / 1e6), ("depin.ledger.burned token=uact", 0),
        ])
        {
            Assert.True(_counted.TryGetValue(name, out var value), $"{name} is not among {string.Join('\n', _counted.Keys.Order(StringComparer.Ordinal))}");
            Assert.Equal((name, wanted), (name, Math.Round(value, 9)));
        }
    }

    [Fact]
    public async Task Minted_and_burned_are_what_moved_over_issuance_once_for_a_repeated_transfer()
    {
        const string wallet = "wallet/somebody";
        var mint = Ledgers.Ops.Mint("mint/metrics", wallet, 5_000_000);
        (await _market.Ledger.ExecuteAsync(mint)).Require();
        (await _market.Ledger.ExecuteAsync(mint)).Require();
        (await _market.Ledger.ExecuteAsync(new Transfer("burn/metrics", TransferKind.Post, [new Leg(wallet, -2_000_000), new Leg(LedgerAccounts.Issuance, 2_000_000)]))).Require();
        Assert.False((await _market.Ledger.ExecuteAsync(new Transfer("burn/too-much", TransferKind.Post, [new Leg(wallet, -9_000_000), new Leg(LedgerAccounts.Issuance, 9_000_000)]))).IsOk);
        Assert.Equal((5.0, 2.0), (_counted["depin.ledger.minted token=uact"], _counted["depin.ledger.burned token=uact"]));
    }

    /// <summary>The rows of a ledger are built right behind its journal.</summary>
    private async Task<double> SettledSupplyAsync()
    {
        var wanted = -(await _market.PostedAsync("uact", LedgerAccounts.Issuance)) / 1e6;
        for (var tries = 0; ; tries++)
        {
            var supply = (await ReadAsync())["depin.ledger.supply token=uact"];
            if (supply == wanted || tries > 500)
            {
                return supply;
            }

            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            await pause.WaitForNextTickAsync();
        }
    }

    private async Task<Dictionary<string, double>> ReadAsync()
    {
        var tokens = new TokenCatalog(Options.Create(new TokenListOptions()));
        var clock = new NetworkClock(Options.Create(new NetworkOptions()), _market.Time);
        var parameters = new NetworkParameters(_market.Rows, clock, Options.Create(new ParameterOptions()));
        var oracle = new OracleOptions();
        oracle.Seed["uusdc"] = "1";
        var metrics = new MarketMetrics(_market.Meters, TimeProvider.System);
        using var reader = new MarketMetricsReader(
            _market.Rows, _market.Store, tokens, new PriceReader(_market.Rows, tokens, parameters, Options.Create(oracle)), clock, metrics, Options.Create(new MarketMetricsOptions()), TimeProvider.System, NullLogger<MarketMetricsReader>.Instance);
        await reader.ReadAsync(CancellationToken.None);
        return metrics.Values.ToDictionary(static v => Name(v.Gauge, v.Labels.AsSpan()), static v => v.Value, StringComparer.Ordinal);
    }

    private void Count(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _counted.AddOrUpdate(Name(instrument.Name, tags), value, (_, sum) => sum + value);

    private static string Name(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (key, value) in tags)
        {
            name += $" {key}={value}";
        }

        return name;
    }
}
