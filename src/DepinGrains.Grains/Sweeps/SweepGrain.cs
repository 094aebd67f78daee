using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Pool;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Credits;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Grains.Pool;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Sweeps;

/// <summary>Deadlines are data; this only visits them. A reminder (late or double is harmless) wakes the shard, a timer keeps the cadence while it is active.</summary>
[GrainType("depin.sweep")]
public sealed partial class SweepGrain(IRowStore store, NetworkClock clock, TokenCatalog tokens, SweepMetrics metrics, IOptions<LivenessOptions> liveness, IOptions<SweepOptions> options, ILogger<SweepGrain> log) : Grain, ISweepGrain, IRemindable
{
    private const string Reminder = "wake";
    private static readonly TimeSpan RetireGrace = TimeSpan.FromMinutes(10);
    private readonly SweepOptions _options = options.Value;
    private readonly Dictionary<string, (ImmutableArray<Filter> Asked, string? Cursor)> _readTo = new(StringComparer.Ordinal);
    private IGrainTimer? _timer;
    private bool _reminded;
    private DateTimeOffset _activeSince;

    private int Shard => (int)this.GetPrimaryKeyLong();

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activeSince = clock.Now;
        _timer = this.RegisterGrainTimer(static (grain, _) => grain.SweepAsync(), this, new GrainTimerCreationOptions { DueTime = _options.Every, Period = _options.Every, Interleave = false, KeepAlive = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task WakeAsync()
    {
        // Once per activation: every silo knocks again and again, and a reminder that is renewed all the time is never due.
        if (!_reminded)
        {
            await this.RegisterOrUpdateReminder(Reminder, _options.WakeEvery, _options.WakeEvery);
            _reminded = true;
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // That this grain is active is all that the reminder is for, unless the shard was configured away.
        if (Shard >= _options.Shards && await this.GetReminder(reminderName) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            _timer?.Dispose();
            DeactivateOnIdle();
        }
    }

    /// <inheritdoc/>
    public async Task<int> SweepAsync()
    {
        var visited = 0;
        var started = clock.Time.GetTimestamp();
        var ok = false;
        try
        {
            visited += await DueDeploymentsAsync();
            visited += await LostLeasesAsync();
            visited += await SilentNodesAsync();
            visited += await UnreleasedLeasesAsync();
            visited += await UnfinishedEscrowsAsync();
            visited += await UnfinishedMoneyAsync();
            visited += await DueSubnetsAsync();
            visited += await StakeAndEmissionAsync();
            ok = true;
        }
        catch (Exception e)
        {
            LogRoundFailed(log, e, Shard);
        }

        metrics.Round(clock.Time.GetElapsedTime(started), ok);

        return visited;
    }

    private async Task<int> DueDeploymentsAsync()
    {
        var due = await ListAsync(DeploymentState.Kind.Table.Kind, "next_action_ms", new Filter("next_action_ms", Comparison.LessOrEqual, clock.Now.ToUnixTimeMilliseconds()));
        Late("deployment", due, DeploymentState.NextActionColumn);
        await VisitAsync("deployment", due.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IDeploymentGrain>(key).TickAsync());
        return due.Length;
    }

    /// <summary>Leases on nodes that are offline or retired: their deployments end or re-list them.</summary>
    private async Task<int> LostLeasesAsync()
    {
        var visited = 0;
        foreach (var status in (string[])["offline", "retired"])
        {
            foreach (var node in await ListAsync(NodeRows.Node.Table.Kind, "leases", new Filter("status", Comparison.Equal, status), new Filter("leases", Comparison.Greater, 0L)))
            {
                var leases = await store.ListAsync(new ListQuery(LeaseNodeState.Kind.Table.Kind, [new Filter("node", Comparison.Equal, node.Id.Key), new Filter("open", Comparison.Equal, true)], null, false, _options.BatchMax, null));
                foreach (var row in leases.Rows)
                {
                    var lost = RowKind<LeaseNodeState>.Read(row);
                    await VisitAsync("lost_lease", [lost.Deployment], key => GrainFactory.GetGrain<IDeploymentGrain>(key).NodeLostAsync(lost.Lease, lost.Node));
                    visited++;
                }
            }
        }

        return visited;
    }

    /// <summary>Nodes that nobody has heard of for so long that they are not coming back.</summary>
    private async Task<int> SilentNodesAsync()
    {
        // When it was the network that was away, its nodes have had no chance yet.
        if (liveness.Value.RetireAfter is not { Ticks: > 0 } silence || clock.Now - _activeSince < RetireGrace)
        {
            return 0;
        }

        // A row's time is never before the node was last seen, so whoever is due is in here.
        var nodes = await ListAsync(NodeRows.Node.Table.Kind, "updated_ms", new Filter("updated_ms", Comparison.LessOrEqual, (clock.Now - silence).ToUnixTimeMilliseconds()), new Filter("status", Comparison.Equal, "offline"));
        await VisitAsync("silent_node", nodes.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<INodeGrain>(key).RetireSilentAsync(silence));
        return nodes.Length;
    }

    /// <summary>Closed leases that did not get to give all their nodes back.</summary>
    private async Task<int> UnreleasedLeasesAsync()
    {
        var rows = await ListAsync(LeaseState.Kind.Table.Kind, null, new Filter("unreleased", Comparison.Equal, true));
        await VisitAsync("unreleased_lease", rows.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<ILeaseGrain>(key).CloseAsync(0, ""));
        return rows.Length;
    }

    /// <summary>Escrow accounts whose last deposit or transfer was interrupted: any call finishes them.</summary>
    private async Task<int> UnfinishedEscrowsAsync()
    {
        var rows = await ListAsync(EscrowState.Kind.Table.Kind, null, new Filter("unfinished", Comparison.Equal, true));
        await VisitAsync("escrow", rows.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IEscrowGrain>(key).SettleAsync());
        return rows.Length;
    }

    /// <summary>Conversions and movements of credit a crash interrupted, and proposals whose time has come.</summary>
    private async Task<int> UnfinishedMoneyAsync()
    {
        var unfinished = new Filter("unfinished", Comparison.Equal, true);
        var accounts = await ListAsync(CreditAccountState.Kind.Table.Kind, null, unfinished);
        await VisitAsync("credit_account", accounts.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<ICreditAccountGrain>(key).TickAsync());
        var vaults = await ListAsync(CreditVaultState.Kind.Table.Kind, null, unfinished);
        await VisitAsync("credit_vault", vaults.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<ICreditVaultGrain>(key).TickAsync());
        var proposals = await ListAsync(ProposalState.Kind.Table.Kind, "next_action_ms", new Filter("next_action_ms", Comparison.LessOrEqual, clock.Now.ToUnixTimeMilliseconds()));
        await VisitAsync("proposal", proposals.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IProposalGrain>(key).TickAsync());
        var issuances = await ListAsync(IssuanceState.Kind.Table.Kind, null, unfinished);
        await VisitAsync("issuance", issuances.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IIssuanceGrain>(key).TickAsync());
        return accounts.Length + vaults.Length + proposals.Length + issuances.Length;
    }

    /// <summary>Epochs whose block has come, what a crash interrupted in subnets, and the root's shares.</summary>
    private async Task<int> DueSubnetsAsync()
    {
        var due = new Filter("next_action_ms", Comparison.LessOrEqual, clock.Now.ToUnixTimeMilliseconds());
        var registries = await ListAsync(SubnetRegistryState.Kind.Table.Kind, null, new Filter("unfinished", Comparison.Equal, true));
        await VisitAsync("subnet_registry", registries.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<ISubnetRegistryGrain>(key).TickAsync());
        var roots = await ListAsync(RootState.Kind.Table.Kind, "next_action_ms", due);
        await VisitAsync("root_network", roots.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<IRootNetworkGrain>(key).TickAsync());
        var subnets = await ListAsync(SubnetState.Kind.Table.Kind, "next_action_ms", due);
        Late("subnet", subnets, SubnetState.NextActionColumn);
        await VisitAsync("subnet", subnets.Select(static r => r.Id.Key), key => GrainFactory.GetGrain<ISubnetGrain>(long.Parse(key, CultureInfo.InvariantCulture)).TickAsync());
        return registries.Length + roots.Length + subnets.Length;
    }

    /// <summary>
    /// The shard's own rows of a list. Rows of other shards, and own ones that stay due however often they are visited, must not hide what is behind them:
    /// it reads on until it has its fill, and the next round goes on where this one had to stop.
    /// </summary>
    private async Task<ImmutableArray<StoredRow>> ListAsync(string kind, string? orderBy, params Filter[] filters)
    {
        var list = $"{kind} {filters[0].Column} {(filters[0].Comparison == Comparison.Equal ? filters[0].Value : "")}";
        // A cursor belongs to its filters: what fell due since waits for the next round that begins at the top.
        var (asked, cursor) = _readTo.Remove(list, out var before) ? before : ([.. filters], (string?)null);
        var own = ImmutableArray.CreateBuilder<StoredRow>();
        for (var pages = 0; pages < _options.PagesMax && own.Count < _options.BatchMax; pages++)
        {
            var page = await store.ListAsync(new ListQuery(kind, asked, orderBy, false, _options.BatchMax, cursor));
            own.AddRange(page.Rows.Where(r => KeyHash.Shard(r.Id.Key, _options.Shards) == Shard));
            cursor = page.NextCursor;
            if (cursor is null)
            {
                return own.DrainToImmutable();
            }
        }

        _readTo[list] = (asked, cursor);
        return own.DrainToImmutable();
    }

    private void Late(string list, ImmutableArray<StoredRow> due, int column)
    {
        var now = clock.Now.ToUnixTimeMilliseconds();
        foreach (var row in due)
        {
            metrics.Late(list, TimeSpan.FromMilliseconds(now - ((long?)row.Columns[column] ?? now)));
        }
    }

    /// <summary>True when every visit came through.</summary>
    private async Task<bool> VisitAsync(string list, IEnumerable<string> keys, Func<string, Task> visit)
    {
        var all = true;
        foreach (var key in keys)
        {
            try
            {
                await visit(key);
                metrics.Visited(list, ok: true);
            }
            catch (Exception e)
            {
                metrics.Visited(list, ok: false);
                LogVisitFailed(log, e, key);
                all = false;
            }
        }

        return all;
    }

    [LoggerMessage(4301, LogLevel.Warning, "Sweep shard {Shard}: a round did not come through")]
    private static partial void LogRoundFailed(ILogger logger, Exception exception, int shard);

    [LoggerMessage(4302, LogLevel.Warning, "Sweep: {Key} did not come through; it stays due")]
    private static partial void LogVisitFailed(ILogger logger, Exception exception, string key);
}
