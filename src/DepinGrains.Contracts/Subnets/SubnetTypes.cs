using System.Collections.Immutable;

namespace DepinGrains.Contracts.Subnets;

/// <summary>What a subnet's miners do; the gateway routes by it and validators build challenges for it.</summary>
[GenerateSerializer]
public enum SubnetTask
{
    /// <summary>Chat, completions, embeddings (OpenAI's protocol).</summary>
    Text = 0,

    /// <summary>Images from text.</summary>
    Image = 1,

    /// <summary>Answers with sources.</summary>
    Search = 2,

    /// <summary>A deterministic task whose right answer anyone can compute; for tests and trials.</summary>
    Deterministic = 3,
}

/// <summary>Where a subnet stands.</summary>
[GenerateSerializer]
public enum SubnetStatus
{
    Active = 0,

    /// <summary>Made room for another; its numbers stay readable, nothing runs any more.</summary>
    Dissolved = 1,
}

/// <summary>A subnet as anyone may see it. Blocks are of 12 s.</summary>
/// <param name="Epoch">Number of the epoch under way; epochs below it are done.</param>
/// <param name="NextEpochBlock">The block that ends it; null with tempo 0.</param>
/// <param name="Uids">Registered now.</param>
/// <param name="RegistrationPrice">Rao a uid costs at <paramref name="Block"/>.</param>
/// <param name="Recycled">Rao recycled by registrations so far.</param>
/// <param name="Emitted">Rao paid out so far, the owner's cut included.</param>
/// <param name="LastEmission">Rao of the last epoch, the owner's cut included.</param>
/// <param name="Pending">Changes of hyperparameters that wait for their block.</param>
/// <param name="Version">Rises with every change.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.view.v1")]
public sealed record SubnetView(
    [property: Id(0)] int Netuid,
    [property: Id(1)] string Name,
    [property: Id(2)] SubnetTask Task,
    [property: Id(3)] string Owner,
    [property: Id(4)] SubnetStatus Status,
    [property: Id(5)] long Block,
    [property: Id(6)] long CreatedAtBlock,
    [property: Id(7)] long Epoch,
    [property: Id(8)] long? NextEpochBlock,
    [property: Id(9)] int Uids,
    [property: Id(10)] long RegistrationPrice,
    [property: Id(11)] long Recycled,
    [property: Id(12)] long Emitted,
    [property: Id(13)] long LastEmission,
    [property: Id(14)] SubnetHyperparameters Hyperparameters,
    [property: Id(15)] ImmutableArray<PendingHyperparameter> Pending,
    [property: Id(16)] long Version);

/// <summary>A change that takes effect later.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.pending_hyperparameter.v1")]
public sealed record PendingHyperparameter([property: Id(0)] string Name, [property: Id(1)] string Value, [property: Id(2)] long EffectiveBlock);

/// <summary>What a uid would cost now.</summary>
/// <param name="ThisInterval">Registrations of this interval; its most is <paramref name="MaxPerInterval"/> (null where the price alone limits).</param>
/// <param name="NextAdjustmentBlock">When the price moves next by itself (interval rule).</param>
/// <param name="Full">True when a newcomer replaces somebody.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.quote.v1")]
public sealed record RegistrationQuote(
    [property: Id(0)] int Netuid,
    [property: Id(1)] long Price,
    [property: Id(2)] long Block,
    [property: Id(3)] int ThisInterval,
    [property: Id(4)] int? MaxPerInterval,
    [property: Id(5)] long? NextAdjustmentBlock,
    [property: Id(6)] bool Full,
    [property: Id(7)] bool Allowed);

/// <summary>A registration that was made.</summary>
/// <param name="Price">Rao recycled.</param>
/// <param name="Replaced">The hotkey that lost the uid, or null.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.registered.v1")]
public sealed record NeuronRegistered(
    [property: Id(0)] int Netuid,
    [property: Id(1)] int Uid,
    [property: Id(2)] string Hotkey,
    [property: Id(3)] long Price,
    [property: Id(4)] long Block,
    [property: Id(5)] string? Replaced);

/// <summary>An epoch that was done, for charts.</summary>
/// <param name="Block">The block that ended it.</param>
/// <param name="Drawn">Rao the subnet got for it.</param>
/// <param name="OwnerCut">Of it, to the owner.</param>
/// <param name="Paid">Of it, to miners and validators.</param>
/// <param name="Dust">Of it, left unissued by rounding.</param>
/// <param name="Recycled">Rao recycled by registrations since the epoch before.</param>
/// <param name="Price">Rao a uid cost at its end.</param>
/// <param name="Swept">Uids the sweep deregistered at its end.</param>
/// <param name="Incentive">By uid, of 65535.</param>
/// <param name="Dividends">By uid, of 65535.</param>
/// <param name="Emission">By uid, rao.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.epoch.v1")]
public sealed record SubnetEpochView(
    [property: Id(0)] long Epoch,
    [property: Id(1)] long Block,
    [property: Id(2)] long Drawn,
    [property: Id(3)] long OwnerCut,
    [property: Id(4)] long Paid,
    [property: Id(5)] long Dust,
    [property: Id(6)] long Recycled,
    [property: Id(7)] long Price,
    [property: Id(8)] int Uids,
    [property: Id(9)] int Validators,
    [property: Id(10)] int Swept,
    [property: Id(11)] ImmutableArray<ushort> Incentive,
    [property: Id(12)] ImmutableArray<ushort> Dividends,
    [property: Id(13)] ImmutableArray<long> Emission);
