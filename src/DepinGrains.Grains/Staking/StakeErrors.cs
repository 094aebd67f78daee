using DepinGrains.Contracts.Common;

namespace DepinGrains.Grains.Staking;

/// <summary>What staking refuses, with the numbers.</summary>
internal static class StakeErrors
{
    public static Refusal HotkeyInvalid() => Refusal.Of("staking.hotkey_invalid", "a hotkey is a key of an identity, id_…/key_…");

    public static Refusal TokenNotAllowed(string token) => Refusal.Of("staking.token_not_allowed", $"{token} cannot be staked", ("token", token));

    public static Refusal AmountInvalid(long amount) => Refusal.Of("staking.amount_invalid", $"an amount is a positive number of minor units, not {amount}", ("amount", amount));

    public static Refusal NotDelegate(string hotkey) => Refusal.Of("staking.not_delegate", $"{hotkey} takes no delegation: its owner has not made it a delegate", ("hotkey", hotkey));

    public static Refusal NotOwner(string owner) => Refusal.Of("staking.not_owner", $"the hotkey belongs to {owner}", ("owner", owner));

    public static Refusal BelowMin(long stake, long min) => Refusal.Of("staking.below_min", $"{stake} would be staked; a delegator has at least {min} on a hotkey", ("stake", stake), ("min", min));

    public static Refusal TooManyDelegators(int max) => Refusal.Of("staking.too_many_delegators", $"the hotkey has {max} delegators, the most there can be", ("max", max));

    public static Refusal HotkeyCap(long total, long amount, long max) =>
        Refusal.Of("staking.hotkey_cap", $"{total} is staked on the hotkey and {amount} would be added; at most {max}", ("total", total), ("amount", amount), ("max", max));

    public static Refusal NotEnough(long amount, long stake) => Refusal.Of("staking.not_enough_stake", $"cannot take {amount}: {stake} is staked", ("amount", amount), ("stake", stake));

    public static Refusal Held(DateTimeOffset until) => Refusal.Of("staking.held", $"stake that was added stays until {until:O}", ("until", until.ToString("O")));
}
