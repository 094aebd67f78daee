using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Pool;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Network;

/// <summary>Reads the market's gauges from the store's tables, a fixed number of bounded queries per period, and asks no grain.</summary>
public sealed partial class MarketMetricsReader(
    IRowStore store, ILedgerJournal journal, TokenCatalog tokens, PriceReader prices, NetworkClock clock, MarketMetrics metrics, IOptions<MarketMetricsOptions> options, TimeProvider time, ILogger<MarketMetricsReader> log)
    : BackgroundService
{
    /// <summary>More than <see cref="SubnetOptions.Limit"/> usually allows.</summary>
    private const int SubnetsMax = 128;

    private static readonly string[] NodeStatuses = ["joining", "online", "suspect", "offline", "draining", "retired"];
    private static readonly string[] LeaseStatuses = ["active", "insufficient_funds", "reclaiming"];
    private static readonly string[] DeploymentStatuses = ["opening", "active", "closing"];
    private static readonly ImmutableArray<string> NodeSums = ["cpu_total", "cpu_free", "memory_total", "memory_free", "storage_total", "storage_free", "gpu_total", "gpu_free"];

    /// <summary>Reads everything once.</summary>
    public async Task ReadAsync(CancellationToken cancel)
    {
        var values = ImmutableArray.CreateBuilder<MarketValue>();
        await NodesAsync(values, cancel);
        await LeasesAsync(values, cancel);
        foreach (var status in DeploymentStatuses)
        {
            values.Add(Value(MarketMetrics.Deployments, await CountAsync(DeploymentState.Kind.Table.Kind, "status", status, cancel), ("status", status)));
        }

        values.Add(Value(MarketMetrics.Orders, await CountAsync(OrderRow.Kind.Table.Kind, "status", "open", cancel), ("status", "open")));
        await MoneyAsync(values, cancel);
        await OverdueAsync(values, "deployment", DeploymentState.Kind.Table, cancel);
        await OverdueAsync(values, "proposal", ProposalState.Kind.Table, cancel);
        await OverdueAsync(values, "inflation", InflationState.Kind.Table, cancel);
        await OverdueAsync(values, "emission", EmissionRow.Kind.Table, cancel);
        await OverdueAsync(values, "subnet", SubnetState.Kind.Table, cancel);
        await SubnetsAsync(values, cancel);
        metrics.Set(values.DrainToImmutable());
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Every, time);
        do
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            catch (Exception problem) when (!stoppingToken.IsCancellationRequested)
            {
                // The old values stay, and depin_market_read_age_seconds says how old they are.
                LogNotRead(log, problem.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static MarketValue Value(string gauge, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var all = ImmutableArray.CreateBuilder<KeyValuePair<string, object?>>(labels.Length);
        foreach (var (name, text) in labels)
        {
            all.Add(new(name, text));
        }

        return new MarketValue(gauge, value, all.MoveToImmutable());
    }

    private async Task<long> CountAsync(string kind, string column, string value, CancellationToken cancel) =>
        (await store.CountByAsync(kind, column, [new(column, Comparison.Equal, value)], cancel)).Sum(static g => g.Count);

    private async Task NodesAsync(ImmutableArray<MarketValue>.Builder values, CancellationToken cancel)
    {
        var groups = await store.SumByAsync(NodeRows.Node.Table.Kind, ["status", "gpu_model"], NodeSums, [], cancel);
        var models = groups.Where(static g => g.By[1] is string).GroupBy(static g => (string)g.By[1]!, StringComparer.Ordinal)
            .OrderByDescending(static g => g.Sum(static m => m.Sums[6])).ThenBy(static g => g.Key, StringComparer.Ordinal).Take(MarketMetrics.ClassesMax).Select(static g => g.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var status in NodeStatuses)
        {
            var here = groups.Where(g => (string?)g.By[0] == status).ToArray();
            values.Add(Value(MarketMetrics.Nodes, here.Sum(static g => g.Count), ("status", status)));
            Capacity(values, MarketMetrics.Cpu, here, 0, 0.001, ("status", status));
            Capacity(values, MarketMetrics.Memory, here, 2, 1, ("status", status));
            Capacity(values, MarketMetrics.Storage, here, 4, 1, ("status", status));
            foreach (var model in here.Where(static g => g.By[1] is string).GroupBy(g => models.Contains((string)g.By[1]!) ? (string)g.By[1]! : "other", StringComparer.Ordinal))
            {
                Capacity(values, MarketMetrics.Gpus, [.. model], 6, 1, ("status", status), ("model", model.Key));
            }
        }
    }

    private static void Capacity(ImmutableArray<MarketValue>.Builder values, string gauge, GroupSums[] groups, int total, double unit, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var (all, free) = (groups.Sum(g => g.Sums[total]) * unit, groups.Sum(g => g.Sums[total + 1]) * unit);
        values.Add(Value(gauge, free, [.. labels, ("state", "free")]));
        values.Add(Value(gauge, Math.Max(0, all - free), [.. labels, ("state", "reserved")]));
    }

    private async Task LeasesAsync(ImmutableArray<MarketValue>.Builder values, CancellationToken cancel)
    {
        foreach (var status in LeaseStatuses)
        {
            var groups = await store.CountByAsync(LeaseState.Kind.Table.Kind, "resource_class", [new("status", Comparison.Equal, status)], cancel);
            // The most frequent come first.
            var named = groups.Select(static (g, i) => (Class: i < MarketMetrics.ClassesMax ? g.Value as string ?? "unknown" : "other", g.Count)).GroupBy(static g => g.Class, StringComparer.Ordinal).ToArray();
            foreach (var one in named)
            {
                values.Add(Value(MarketMetrics.Leases, one.Sum(static g => g.Count), ("status", status), ("resource_class", one.Key)));
            }

            if (named.Length == 0)
            {
                values.Add(Value(MarketMetrics.Leases, 0, ("status", status), ("resource_class", "cpu/small")));
            }
        }
    }

    private async Task MoneyAsync(ImmutableArray<MarketValue>.Builder values, CancellationToken cancel)
    {
        foreach (var token in tokens.All)
        {
            var newest = await journal.EntriesAsync(token.Denom, LedgerAccounts.Issuance, null, 1, cancel);
            values.Add(Value(MarketMetrics.Supply, newest.Length == 0 ? 0 : -newest[0].BalanceAfter / Math.Pow(10, token.Decimals), ("token", token.Denom)));
        }

        var now = clock.Now;
        foreach (var price in (await prices.AllAsync()).Prices)
        {
            if (price.PriceE8 > 0)
            {
                values.Add(Value(MarketMetrics.Price, price.PriceE8 / 1e8, ("token", price.Token)));
            }

            // Also of one that is out of force: it may be so because it is old.
            if (price.Feeders.Length > 0)
            {
                values.Add(Value(MarketMetrics.PriceAge, Math.Max(0, (now - price.Feeders.Max(static p => p.At)).TotalSeconds), ("token", price.Token)));
            }
        }
    }

    private async Task SubnetsAsync(ImmutableArray<MarketValue>.Builder values, CancellationToken cancel)
    {
        var active = (await store.ListAsync(new ListQuery(SubnetState.Kind.Table.Kind, [new("status", Comparison.Equal, "active")], "netuid", false, SubnetsMax, null), cancel)).Rows;
        values.Add(Value(MarketMetrics.Subnets, active.Length, ("status", "active")));
        foreach (var subnet in active.Select(static r => RowKind<SubnetState>.Read(r)))
        {
            foreach (var (role, count) in ((string, int)[])[("registered", subnet.Uids), ("validator", subnet.Validators), ("miner", subnet.Miners)])
            {
                values.Add(Value(MarketMetrics.Uids, count, ("netuid", SubnetState.Key(subnet.Netuid)), ("role", role)));
            }
        }
    }

    private async Task OverdueAsync(ImmutableArray<MarketValue>.Builder values, string list, TableDefinition table, CancellationToken cancel)
    {
        var now = clock.Now.ToUnixTimeMilliseconds();
        var oldest = await store.ListAsync(new ListQuery(table.Kind, [new("next_action_ms", Comparison.LessOrEqual, now)], "next_action_ms", false, 1, null), cancel);
        var column = table.Columns.Select(static c => c.Name).ToList().IndexOf("next_action_ms");
        var due = oldest.Rows.Length == 0 ? now : (long?)oldest.Rows[0].Columns[column] ?? now;
        values.Add(Value(MarketMetrics.Overdue, (now - due) / 1_000.0, ("list", list)));
    }

    [LoggerMessage(4320, LogLevel.Warning, "The market's gauges could not be read and are again: {Problem}")]
    private static partial void LogNotRead(ILogger logger, string problem);
}
