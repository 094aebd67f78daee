using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Staking;

/// <summary>
/// All stake behind one hotkey (a validator, in AKT's words) in one token; key = <see cref="StakeKeys.Of"/>. A hotkey is a key of its owner's identity, <c>id_…/key_…</c>, so who owns it is part of its name.
/// The money lies in two ledger accounts, <see cref="StakeAccounts.Own"/> (the owner's) and <see cref="StakeAccounts.Pool"/> (all delegators'), and <b>a reward is nothing but a credit to them</b>: this
/// grain is not asked and writes nothing. Delegators hold shares of the pool, so that a credit raises what every share is worth; see <c>Domain.Staking.SharePool</c> and <c>StakeReward</c>.
/// One command at a time, intent written before the ledger is asked; what a crash left half done is finished before the next. The gateway checks the coldkey's signature, the grain who may do what.
/// </summary>
[Alias("depin.stake.grain")]
public interface IStakeGrain : IGrainWithStringKey
{
    /// <summary>
    /// Stakes from the coldkey's wallet, once per operation id. <c>staking.hotkey_invalid</c>, <c>staking.amount_invalid</c>, <c>staking.not_delegate</c> (a foreign coldkey, and the hotkey takes no delegation),
    /// <c>staking.below_min</c>, <c>staking.too_many_delegators</c>, <c>staking.hotkey_cap</c>, the ledger's refusals.
    /// </summary>
    [Alias("add")]
    Task<Result<StakeView>> AddAsync(string operationId, AddStake command);

    /// <summary>
    /// Unstakes, once per operation id: at once to the wallet, or, where the token unbonds, into the exit queue. What would leave less than the least stake takes all. <c>staking.not_enough_stake</c>,
    /// <c>staking.held</c> (too soon after the last addition: a stake cannot hop from epoch to epoch), <c>staking.too_many_unbondings</c>.
    /// </summary>
    [Alias("remove")]
    Task<Result<StakeView>> RemoveAsync(string operationId, RemoveStake command);

    /// <summary>Takes exits back into the stake, the newest first. <c>staking.not_unbonding</c>, <c>staking.not_delegate</c>.</summary>
    [Alias("cancelUnbonding")]
    Task<Result<StakeView>> CancelUnbondingAsync(string operationId, string coldkey, long amount);

    /// <summary>The owner's terms: whether others may delegate, and the take. <c>staking.not_owner</c>, <c>staking.take_too_high</c>, <c>staking.take_raised_recently</c>.</summary>
    [Alias("setTerms")]
    Task<Result<HotkeyView>> SetTermsAsync(string operationId, SetStakeTerms command);

    /// <summary>What one coldkey has here; zeros when nothing.</summary>
    [Alias("stake")]
    Task<Result<StakeView>> GetStakeAsync(string coldkey);

    /// <summary>The hotkey with all its stake; a hotkey nobody staked on has zeros.</summary>
    [Alias("get")]
    Task<Result<HotkeyView>> GetAsync();

    /// <summary>How rewards are split, without any ledger: what an epoch asks for hotkeys that earned as validators.</summary>
    [Alias("terms")]
    Task<StakeTerms> GetTermsAsync();

    /// <summary>The move's half (see <see cref="IStakerGrain"/>): takes stake out into the coldkey's transit account, without exit queue.</summary>
    [Alias("leave")]
    Task<Result<StakeMoved>> LeaveAsync(string operationId, RemoveStake command);

    /// <summary>The move's other half: takes it from the transit account into the stake. With <paramref name="back"/> nothing is refused: it returns to where it came from.</summary>
    [Alias("arrive")]
    Task<Result<StakeView>> ArriveAsync(string operationId, AddStake command, bool back);

    /// <summary>The sweep's call: finishes what was interrupted, pays exits that are free.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Moves between hotkeys of one coldkey's stake; key = <see cref="StakeKeys.Of"/> with the coldkey. Owner of the saga, so that hotkeys never wait for each other.</summary>
[Alias("depin.staker.grain")]
public interface IStakerGrain : IGrainWithStringKey
{
    /// <summary>Moves stake at once, once per operation id; no unbonding, it stays staked. Refusals of both sides.</summary>
    [Alias("move")]
    Task<Result<StakeView>> MoveAsync(string operationId, MoveStake command);

    /// <summary>The sweep's call: finishes what was interrupted.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>
/// Proof-of-stake inflation of one token (AKT); key = its denomination. Epochs are numbered by the network's clock, the number is the key of all an epoch does: late, doubled or asked by two silos at once, it
/// mints once. Nothing is minted while nobody stakes.
/// </summary>
[Alias("depin.inflation.grain")]
public interface IInflationGrain : IGrainWithStringKey
{
    /// <summary>The sweep's call: pays epochs that are over, a bounded number of them; the rest stays due.</summary>
    [Alias("tick")]
    Task TickAsync();

    /// <summary>As it stands.</summary>
    [Alias("get")]
    Task<Result<InflationView>> GetAsync();
}
