using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Emissions;

/// <summary>Settling blocks, and what is shown of it.</summary>
public sealed partial class EmissionGrain
{
    /// <inheritdoc/>
    public async Task<Result<EmissionView>> GetAsync()
    {
        await FinishAsync();
        var (block, latches) = (BlockNow, await LatchesAsync());
        var before = await IssuanceAsync();
        var row = State;
        var run = SubnetEmission.Settle(StateOf(before, row, latches), row.Settled, Math.Max(row.Settled, block), row.Shares);
        var (now, returned) = (run.State, Returned(row, before));
        var pending = run.Subnets.ToDictionary(static s => s.Netuid, static s => s.Spans.Sum(static p => p.Total));
        var subnets = row.Shares.Select(s => new SubnetEmissionView(
            s.Netuid, SubnetEmission.PerBlock(s.Share, now.PerBlock), s.OwnerCut, row.Of(s.Netuid).Total + pending.GetValueOrDefault(s.Netuid), row.Of(s.Netuid).DrawnEpoch));
        return new EmissionView(
            Token, block, clock.Now, now.Issuance, TaoEmission.Cap, now.PerBlock, now.PerBlock * (TimeSpan.TicksPerDay / BlockTicks), now.Halvings, latches,
            row.Emitted + run.Issued, row.Returned + returned, Outlook(now, row), row.Strategy, [.. subnets]);
    }

    /// <summary>Posts what was decided before. The ledger knows each id, so what was posted is answered as it was.</summary>
    private async Task FinishAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value is { Outbox.IsEmpty: false } row)
        {
            await PostAsync(row);
        }
    }

    /// <summary>
    /// An answer was found that the store remembers. Whoever decided it may have been another activation, gone before it posted what the answer promises: this one, which may not know, reads the row anew and posts first.
    /// </summary>
    private async Task CatchUpAsync()
    {
        await _row.LoadAsync(CancellationToken.None);
        await FinishAsync();
    }

    private async Task SettleAsync(long block)
    {
        if (block <= State.Settled && _row.Exists)
        {
            return;
        }

        var settled = await SettledAsync(block);
        await CommitAsync(settled.Row, settled.Changes, settled);
    }

    /// <summary>The row with all blocks through <paramref name="block"/> settled, its transfers in the outbox; nothing is written yet.</summary>
    private async Task<Settlement> SettledAsync(long block)
    {
        var row = State;
        var before = await IssuanceAsync();
        var (to, returned) = (Math.Max(row.Settled, block), Returned(row, before));
        var run = SubnetEmission.Settle(StateOf(before, row, await LatchesAsync()), row.Settled, to, row.Shares);
        var next = WithWindows(row, to, returned) with
        {
            Settled = to,
            Issuance = run.State.Issuance,
            Halved = Math.Max(row.Halved, run.State.Halvings),
            Emitted = row.Emitted + run.Issued,
            Returned = row.Returned + returned,
            Outbox = Mint(to, run),
            NextActionAt = clock.TimeOf(0).AddTicks((((to / _options.WindowBlocks) + 1) * _options.WindowBlocks) * BlockTicks),
        };
        foreach (var subnet in run.Subnets.Where(static s => !s.Spans.IsEmpty))
        {
            var pending = next.Of(subnet.Netuid);
            next = next.With(pending with { Spans = PendingSpans.Add(pending.Spans, subnet.Spans, _options.SpansMax) });
        }

        var changes = new Changes();
        if (to > row.Settled)
        {
            var point = new EmissionPoint(to, clock.TimeOf(0).AddTicks(to * BlockTicks), next.Issuance, run.State.PerBlock, run.State.Halvings, next.Emitted, next.Returned);
            changes.With(PointRow.Kind.Child(Token, PointRow.KeyOf(to / _options.WindowBlocks), new PointRow(point)));
        }

        if (next.Halved > row.Halved)
        {
            changes.Event("network", "emission.halving", Token, new { Halving = next.Halved, run.State.PerBlock, next.Issuance, Block = to });
        }

        return new Settlement(next, changes, run.Issued, returned);
    }

    private async Task CommitAsync(EmissionRow next, Changes changes, Settlement settled)
    {
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }

        metrics.Settled(next, settled.Issued, settled.Returned);
        if (!next.Outbox.IsEmpty)
        {
            await PostAsync(next);
        }
    }

    private async Task PostAsync(EmissionRow row)
    {
        // One after another: what ends a subnet needs what was minted for it.
        foreach (var transfer in row.Outbox)
        {
            (await Ledger.ExecuteAsync(transfer)).Require();
        }

        if (await _row.CommitAsync(row with { Outbox = [] }) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private static ImmutableArray<Transfer> Mint(long to, SubnetEmissionRun run)
    {
        var legs = run.Subnets.Select(static s => new Leg(EmissionAccounts.Pending(s.Netuid), s.Spans.Sum(static p => p.Total))).Where(static l => l.Amount > 0);
        return
        [
            .. legs.Chunk(LedgerLimits.LegsMax - 1).Select((part, i) => new Transfer(
                string.Create(CultureInfo.InvariantCulture, $"emission/{to}/{i}"),
                TransferKind.Post,
                [new Leg(LedgerAccounts.Issuance, -part.Sum(static l => l.Amount)), .. part],
                Memo: string.Create(CultureInfo.InvariantCulture, $"emission through block {to}"))),
        ];
    }

    private EmissionRow WithWindows(EmissionRow row, long block, long returned)
    {
        var window = block / _options.WindowBlocks;
        var windows = row.Windows.IsEmpty ? ImmutableArray.Create(0L) : row.Windows;
        if (!row.Windows.IsEmpty && window > row.Window)
        {
            windows = windows.AddRange(Enumerable.Repeat(0L, (int)Math.Min(window - row.Window, _options.Windows + 1)));
        }

        windows = windows.SetItem(windows.Length - 1, checked(windows[^1] + returned));
        return row with { Window = window, Windows = windows.Length > _options.Windows + 1 ? windows[^(_options.Windows + 1)..] : windows };
    }

    /// <summary>The next halving: issued are the shares that have an owner, come back has what came back in earlier windows.</summary>
    private HalvingOutlook? Outlook(EmissionState state, EmissionRow row)
    {
        if (state.PerBlock == 0)
        {
            return null;
        }

        var over = row.Windows.IsEmpty ? [] : row.Windows[..^1];
        var observed = ObservedRecycling.From(over, _options.WindowBlocks);
        var issued = row.Shares.Sum(s => SubnetEmission.PerBlock(s.Share, state.PerBlock));
        var threshold = TaoEmission.Threshold(state.Halvings + 1);
        HalvingGuess Guess(long recycled)
        {
            var net = issued - recycled;
            long? blocks = net <= 0 ? null : ((threshold - state.Issuance - 1) / net) + 1;
            var ticks = blocks is { } b && b < (DateTimeOffset.MaxValue - clock.Now).Ticks / BlockTicks ? b * BlockTicks : (long?)null;
            return new HalvingGuess(issued, recycled, blocks, ticks is { } t ? clock.Now.AddTicks(t) : null);
        }

        return new HalvingOutlook(state.Halvings + 1, threshold, over.Length, Guess(observed.Low), Guess(observed.Likely), Guess(observed.High));
    }

    private static EmissionState StateOf(long issuance, EmissionRow row, bool latches) => new(issuance, latches ? Math.Max(row.Halved, TaoEmission.Halvings((ulong)issuance)) : null);

    /// <summary>What came back since the last settlement. Money minted otherwise (a faucet) hides as much of it; only the statistics lose by that.</summary>
    private static long Returned(EmissionRow row, long issuance) => Math.Max(0, row.Issuance - issuance);

    private sealed record Settlement(EmissionRow Row, Changes Changes, long Issued, long Returned);
}
