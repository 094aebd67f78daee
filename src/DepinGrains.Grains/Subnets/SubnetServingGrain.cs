using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>Sums gateways' reports: one row a uid, so that a subnet's figures are bounded by its uids.</summary>
[GrainType("depin.subnet.serving")]
public sealed class SubnetServingGrain(IRowStore store, NetworkClock clock) : Grain, ISubnetServingGrain
{
    private const int ReportsMax = 256;
    private const int WordMax = 32;
    private const int HotkeyMax = 128;
    private readonly Dictionary<int, MinerServingRow?> _known = [];
    private GrainRow<SubnetServingState> _row = null!;

    private string Key => SubnetState.Key((int)this.GetPrimaryKeyLong());

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<SubnetServingState>(store, SubnetServingState.Kind, Key, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<MinersReported>> ReportAsync(string operationId, ImmutableArray<MinerReport> reports)
    {
        if (this.GetPrimaryKeyLong() is < 0 or > ushort.MaxValue || reports.IsDefault || reports.Length > ReportsMax || !reports.All(IsValid))
        {
            return Refusal.Of("serving.report_invalid", $"a report is of at most {ReportsMax} miners, uids below {EpochInputs.UidsMax}, no number negative", ("max", ReportsMax));
        }

        var print = Changes.Fingerprint(reports);
        if (await _row.RememberedAsync<MinersReported>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var (changes, next) = (new Changes(), new Dictionary<int, MinerServingRow>());
        foreach (var report in reports)
        {
            if ((next.GetValueOrDefault(report.Uid) ?? await KnownAsync(report.Uid)) is var known && !(known?.RegisteredAt > report.RegisteredAt))
            {
                next[report.Uid] = After(known, report);
            }
        }

        foreach (var row in next.Values)
        {
            changes.With(MinerServingRow.Kind.Child(Key, SubnetRows.Uid(row.Uid), row));
        }

        Result<MinersReported> taken = new MinersReported(next.Count);
        if (await _row.CommitAsync(new SubnetServingState((_row.Value?.Reports ?? 0) + 1), changes.Remember(operationId, print, taken)) is { } unstorable)
        {
            return unstorable;
        }

        foreach (var row in next.Values)
        {
            _known[row.Uid] = row;
        }

        return taken;
    }

    private MinerServingRow After(MinerServingRow? known, MinerReport report)
    {
        var before = known is not null && known.RegisteredAt == report.RegisteredAt && known.Hotkey == report.Hotkey ? known : null;
        var failedLast = report.LastFailureAt is { } at && !(before?.LastFailureAt >= at);
        return new MinerServingRow(
            (int)this.GetPrimaryKeyLong(), report.Uid, report.Hotkey, report.RegisteredAt, (before?.Figures ?? MinerFigures.Empty).With(report.Tally, MinerServingRow.HourOf(clock.Now)),
            failedLast ? report.LastFailure : before?.LastFailure, failedLast ? report.LastFailureAt : before?.LastFailureAt, clock.Now);
    }

    private async Task<MinerServingRow?> KnownAsync(int uid)
    {
        if (!_known.TryGetValue(uid, out var known))
        {
            known = await store.ReadAsync(new RowId(MinerServingRow.Kind.Table.Kind, Key, SubnetRows.Uid(uid))) is { } row ? RowKind<MinerServingRow>.Read(row) : null;
            _known[uid] = known;
        }

        return known;
    }

    private static bool IsValid(MinerReport report) =>
        report is { Uid: >= 0 and < EpochInputs.UidsMax, Hotkey.Length: > 0 and <= HotkeyMax, Tally: not null } && report.Tally.IsPlausible() && (report.LastFailure?.Length ?? 0) <= WordMax;
}
