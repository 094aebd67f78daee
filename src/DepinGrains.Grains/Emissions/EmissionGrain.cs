using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Emissions;

/// <summary>
/// TAO's emission. A settlement is one commit that holds its transfers (point of no return) and the transfers right behind it; whoever comes next repeats them first. Issuance is never kept but read from the
/// ledger: what it has less than after the last settlement came back meanwhile, whoever sent it.
/// </summary>
[GrainType("depin.emission")]
public sealed partial class EmissionGrain(
    IRowStore store, NetworkParameters parameters, NetworkClock clock, IOptions<EmissionOptions> options, EmissionMetrics metrics) : Grain, IEmissionGrain
{
    private readonly EmissionOptions _options = options.Value;
    private GrainRow<EmissionRow> _row = null!;

    private string Token => this.GetPrimaryKeyString();

    private ILedgerGrain Ledger => field ??= GrainFactory.GetGrain<ILedgerGrain>(Token);

    private EmissionRow State => _row.Value ?? new EmissionRow(-1, 0, 0, 0, 0, 0, "", [], [], 0, [], [], clock.Now);

    private long BlockTicks => clock.TaoBlockTicks;

    private long BlockNow => Math.Max(0, (clock.Now - clock.TimeOf(0)).Ticks / BlockTicks);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Token != EmissionKeys.Tao)
        {
            throw new InvalidOperationException($"there is no emission of {Token}");
        }

        _row = new GrainRow<EmissionRow>(store, EmissionRow.Kind, Token, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Gone();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<Result<EmissionShares>> SetSharesAsync(string operationId, SetShares command)
    {
        ArgumentNullException.ThrowIfNull(command);
        await FinishAsync();
        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<EmissionShares>(operationId, print) is { } remembered)
        {
            await CatchUpAsync();
            return remembered;
        }

        if ((SubnetEmission.WhyNot(command.Shares) ?? WhyFuture(command.Block)) is { } refusal)
        {
            return refusal;
        }

        command = command with { Shares = command.Shares.RemoveAll(s => State.Of(s.Netuid).Ended) };
        var settled = await SettledAsync(command.Block);
        var shares = new EmissionShares(settled.Row.Settled + 1, command.Shares, command.Strategy);
        var changes = settled.Changes.Remember<Result<EmissionShares>>(operationId, print, shares)
            .Event("network", "emission.shares", Token, new { shares.FromBlock, shares.Strategy, Subnets = command.Shares.Select(static s => new { s.Netuid, Millionths = (long)((s.Share >> 24) * 1_000_000 >> 40), s.OwnerCut }) });
        await CommitAsync(settled.Row with { Shares = command.Shares, SharesFrom = shares.FromBlock, Strategy = command.Strategy }, changes, settled);
        return shares;
    }

    /// <inheritdoc/>
    public async Task<Result<EmissionDraw>> DrawAsync(int netuid, long epoch, long block)
    {
        await FinishAsync();
        if (await store.ReadAsync(new RowId(DrawRow.Kind.Table.Kind, Token, DrawRow.KeyOf(netuid, epoch))) is { } row)
        {
            await CatchUpAsync();
            return RowKind<DrawRow>.Read(row).Draw;
        }

        var pending = State.Of(netuid);
        if (WhyNotDraw(pending, epoch, block) is { } refusal)
        {
            return refusal;
        }

        var settled = await SettledAsync(block);
        pending = settled.Row.Of(netuid);
        var (owner, queued, left) = PendingSpans.Through(pending.Spans, block);
        var draw = new EmissionDraw(netuid, epoch, pending.DrawnBlock + 1, block, owner, queued);
        settled.Changes.With(DrawRow.Kind.Child(Token, DrawRow.KeyOf(netuid, epoch), new DrawRow(draw)));
        await CommitAsync(settled.Row.With(pending with { Spans = left, DrawnBlock = Math.Max(pending.DrawnBlock, block), DrawnEpoch = epoch }), settled.Changes, settled);
        metrics.Drawn(netuid);
        return draw;
    }

    /// <inheritdoc/>
    public async Task<Result<EmissionRecycled>> RecycleAsync(string transferId, RecycleEmission command)
    {
        ArgumentNullException.ThrowIfNull(command);
        await FinishAsync();

        // Blocks up to now issue first, as on the chain; then the rao come back.
        var block = BlockNow;
        await SettleAsync(block);
        var posted = await Ledger.ExecuteAsync(new Transfer(
            transferId, TransferKind.Post, [new Leg(command.Account, -command.Amount), new Leg(LedgerAccounts.Issuance, command.Amount)], Memo: command.Memo));
        return posted.IsOk ? new EmissionRecycled(command.Amount, block, await IssuanceAsync()) : posted.Refusal;
    }

    /// <inheritdoc/>
    public async Task<Result<EmissionRecycled>> EndSubnetAsync(string operationId, int netuid)
    {
        await FinishAsync();
        var print = Changes.Fingerprint(new { Command = "end", netuid });
        if (await _row.RememberedAsync<EmissionRecycled>(operationId, print) is { } remembered)
        {
            await CatchUpAsync();
            return remembered;
        }

        var block = BlockNow;
        var settled = await SettledAsync(block);
        var pending = settled.Row.Of(netuid);
        var left = pending.Total;
        var answer = new EmissionRecycled(left, block, settled.Row.Issuance - left);
        var row = settled.Row.With(pending with { Spans = [], DrawnBlock = Math.Max(pending.DrawnBlock, settled.Row.Settled), Ended = true }) with
        {
            Shares = settled.Row.Shares.RemoveAll(s => s.Netuid == netuid),
            Outbox = left == 0 ? settled.Row.Outbox : settled.Row.Outbox.Add(new Transfer(
                "emission/end/" + operationId,
                TransferKind.Post,
                [new Leg(EmissionAccounts.Pending(netuid), -left), new Leg(LedgerAccounts.Issuance, left)],
                Memo: string.Create(CultureInfo.InvariantCulture, $"subnet {netuid} ended"))),
        };
        await CommitAsync(row, settled.Changes.Remember<Result<EmissionRecycled>>(operationId, print, answer), settled);
        return answer;
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        await FinishAsync();
        await SettleAsync(BlockNow);
    }

    private Refusal? WhyNotDraw(SubnetPending pending, long epoch, long block) =>
        pending.Netuid is < 0 or > ushort.MaxValue || epoch < 0 ? Refusal.Of("emission.draw_invalid", $"subnet {pending.Netuid}, epoch {epoch}: there are none")
        : pending.DrawnEpoch >= epoch ? Refusal.Of("emission.epoch_passed", $"epoch {pending.DrawnEpoch} of subnet {pending.Netuid} was drawn already", ("drawn", pending.DrawnEpoch), ("epoch", epoch))
        : block <= pending.DrawnBlock && !pending.Ended ? Refusal.Of("emission.block_passed", $"subnet {pending.Netuid} was drawn through block {pending.DrawnBlock}", ("drawn", pending.DrawnBlock), ("block", block))
        : WhyFuture(block);

    private Refusal? WhyFuture(long block) => block > BlockNow ? Refusal.Of("emission.block_future", $"block {block} is not over; now is {BlockNow}", ("block", block), ("now", BlockNow)) : null;

    private async Task<long> IssuanceAsync() => Math.Max(0, -(await Ledger.GetBalanceAsync(LedgerAccounts.Issuance)).Posted);

    private async Task<bool> LatchesAsync() => (await parameters.NowAsync())[NetworkParameterCatalog.EmissionLatch] == 1;
}
