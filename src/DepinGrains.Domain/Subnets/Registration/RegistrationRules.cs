using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>A wish to register.</summary>
/// <param name="Balance">Free rao of the coldkey.</param>
/// <param name="MaxPrice">Most rao it will pay: what its caller saw, or a little more; null for any price.</param>
public sealed record RegistrationRequest(ulong Balance, ulong? MaxPrice = null);

/// <summary>What the rules of registration need to know.</summary>
public sealed record RegistrationContext
{
    /// <summary>Whether the subnet exists (and is not the root).</summary>
    public bool SubnetExists { get; init; } = true;

    /// <summary>Whether it is open.</summary>
    public bool Allowed { get; init; } = true;

    /// <summary>Registrations in this block.</summary>
    public int ThisBlock { get; init; }

    /// <summary>Most per block.</summary>
    public int MaxPerBlock { get; init; } = 1;

    /// <summary>Registrations in this interval.</summary>
    public int ThisInterval { get; init; }

    /// <summary>Registrations wanted per interval; three times as many are the most. Null where the price alone limits (2026).</summary>
    public int? TargetPerInterval { get; init; } = 1;

    /// <summary>Whether the hotkey has a uid here.</summary>
    public bool AlreadyRegistered { get; init; }

    /// <summary>Whether the coldkey owns the hotkey, or nobody does.</summary>
    public bool OwnsHotkey { get; init; } = true;

    /// <summary>Rao now.</summary>
    public required ulong Price { get; init; }
}

/// <summary>
/// Whether a hotkey may register, in the chain's order. The price is recycled: it leaves the coldkey and the issuance. Source: subtensor a13316c42 <c>registration.rs do_burned_registration</c>;
/// <c>caps_2024</c> in <c>registration_vectors.json</c>. The chain's transaction pool filters harder (target instead of three times the target, "ExhaustsResources"); we say which rule instead.
/// </summary>
public static class RegistrationRules
{
    /// <summary>Rao to recycle, or a refusal <c>registration.*</c> whose fact <c>error</c> is the name the chain's users know.</summary>
    public static Result<ulong> Check(RegistrationRequest request, RegistrationContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        var (price, most) = (context.Price, 3 * (long?)context.TargetPerInterval);
        return !context.SubnetExists ? No("subnet_unknown", "NetworkDoesNotExist", "there is no such subnet")
            : !context.Allowed ? No("disabled", "RegistrationDisabled", "this subnet takes no registrations now")
            : context.ThisBlock >= context.MaxPerBlock ? No("block_cap", "TooManyRegistrationsThisBlock", $"{context.ThisBlock} of {context.MaxPerBlock} registrations of this block are taken: try the next block")
            : context.ThisInterval >= most ? No("interval_cap", "TooManyRegistrationsThisInterval", $"{context.ThisInterval} of {most} registrations of this interval are taken")
            : context.AlreadyRegistered ? No("already_registered", "AlreadyRegistered", "the hotkey is registered in this subnet")
            : request.MaxPrice is { } max && price > max ? No("price_moved", "PriceLimitExceeded", $"price moved from {TaoEmission.Show(max)} to {TaoEmission.Show(price)} TAO while you waited: pass --max-price", ("price", price), ("max", max))
            : request.Balance < price ? No("not_enough_balance", "NotEnoughBalanceToStake", $"balance {request.Balance} rao; registration costs {price}", ("balance", request.Balance), ("price", price))
            : !context.OwnsHotkey ? No("not_owner", "NonAssociatedColdKey", "another coldkey owns this hotkey")
            : price;
    }

    private static Refusal No(string rule, string name, string detail, params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        (string Name, object? Value)[] all = [("error", name), .. facts];
        return Refusal.Of($"registration.{rule}", detail, all);
    }
}
