using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Staking;

/// <summary>
/// Moves one coldkey's stake from hotkey to hotkey: intent → leaves into the coldkey's transit account → arrives. Refused there (the last delegate's place was taken meanwhile), it goes back to where it came from,
/// where nothing is refused. One move at a time, so the transit account holds one amount.
/// </summary>
[GrainType("depin.staker")]
public sealed class StakerGrain(IRowStore store) : Grain, IStakerGrain
{
    private GrainRow<StakerState> _row = null!;
    private string _token = "";
    private string _coldkey = "";

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_token, _coldkey) = StakeKeys.Split(this.GetPrimaryKeyString());
        _row = new GrainRow<StakerState>(store, StakerState.Kind, this.GetPrimaryKeyString(), DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<StakeView>> MoveAsync(string operationId, MoveStake command)
    {
        ArgumentNullException.ThrowIfNull(command);
        await TickAsync();
        var intent = new MoveIntent(operationId, command.From, command.To, command.Amount);
        if (await _row.RememberedAsync<StakeView>(operationId, Print(intent)) is { } remembered)
        {
            return remembered;
        }

        if (command.From == command.To)
        {
            return Refusal.Of("staking.same_hotkey", "the stake is there already", ("hotkey", command.To));
        }

        if (StakeKeys.OwnerOf(command.From) is null || StakeKeys.OwnerOf(command.To) is not { } owner)
        {
            return StakeErrors.HotkeyInvalid();
        }

        var to = await Hotkey(command.To).GetAsync();
        return !to.IsOk ? to.Refusal
            : !to.Value.IsDelegate && owner != _coldkey ? StakeErrors.NotDelegate(command.To)
            : await _row.CommitAsync(new StakerState(intent)) is { } refusal ? refusal
            : await CompleteAsync(intent);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (_row.Value?.Intent is { } intent)
        {
            await CompleteAsync(intent);
        }
    }

    private async Task<Result<StakeView>> CompleteAsync(MoveIntent intent)
    {
        var left = await Hotkey(intent.From).LeaveAsync(intent.OperationId + "/leave", new RemoveStake(_coldkey, intent.Requested));
        if (!left.IsOk)
        {
            return await EndAsync(intent, left.Refusal);
        }

        var arrived = await Hotkey(intent.To).ArriveAsync(intent.OperationId + "/arrive", new AddStake(_coldkey, left.Value.Amount), back: false);
        if (!arrived.IsOk)
        {
            (await Hotkey(intent.From).ArriveAsync(intent.OperationId + "/return", new AddStake(_coldkey, left.Value.Amount), back: true)).Require();
        }

        return await EndAsync(intent, arrived);
    }

    private async Task<Result<StakeView>> EndAsync(MoveIntent intent, Result<StakeView> answer) =>
        await _row.CommitAsync(new StakerState((MoveIntent?)null), new Changes().Remember(intent.OperationId, Print(intent), answer)) is { } refusal ? refusal : answer;

    private IStakeGrain Hotkey(string hotkey) => GrainFactory.GetGrain<IStakeGrain>(StakeKeys.Of(_token, hotkey));

    private static ReadOnlyMemory<byte> Print(MoveIntent intent) => Changes.Fingerprint(new { intent.From, intent.To, intent.Requested });
}
