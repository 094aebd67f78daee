using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Registration;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>A registration under way: written before the ledger is asked, done right after it answered. The operation's id is the transfer's.</summary>
public sealed record RegistrationIntent(string OperationId, RegisterNeuron Command, long Price, long Block);

/// <summary>The root row of a subnet. What grows is in child rows, see <see cref="SubnetRows"/>.</summary>
/// <param name="Epoch">Number of the epoch under way; all below are done, the number is the key of what an epoch does.</param>
/// <param name="EpochBlock">The block that ends it; null = never.</param>
/// <param name="LastEpochBlock">The block that ended the one before; null = none did.</param>
/// <param name="Price">Of a uid.</param>
/// <param name="Payment">An epoch's draw whose payments, in the child row <see cref="PaymentRow"/>, are not known to be made.</param>
/// <param name="ServersVersion">Rises when the list of axons changes.</param>
public sealed record SubnetState(
    string Name,
    SubnetTask Task,
    string Owner,
    SubnetStatus Status,
    string OpenOperation,
    DateTimeOffset CreatedAt,
    long CreatedAtBlock,
    SubnetHyperparameters Hyperparameters,
    ImmutableArray<PendingHyperparameter> Pending,
    int Uids,
    long Epoch,
    long? EpochBlock,
    long? LastEpochBlock,
    RegistrationPrice Price,
    long RegistrationsBlock,
    int RegistrationsInBlock,
    long Recycled,
    long RecycledSinceEpoch,
    long Emitted,
    long LastEmission,
    RegistrationIntent? Registration,
    EmissionDraw? Payment,
    long ServersVersion,
    DateTimeOffset? NextActionAt) : RowDocument
{
    /// <summary>Position of <c>next_action_ms</c> among the columns.</summary>
    public const int NextActionColumn = 4;

    /// <summary>The table.</summary>
    public static readonly RowKind<SubnetState> Kind = new(
        new TableDefinition(
            "subnet",
            [new("netuid", ColumnType.Int64), new("owner", ColumnType.Text), new("status", ColumnType.Text), new("emission", ColumnType.Int64), new("next_action_ms", ColumnType.Int64)],
            [new("netuid", ["netuid"]), new("status", ["status", "netuid"]), new("owner", ["owner"]), new("next_action", ["next_action_ms"])]),
        static s => [(long)s.Netuid, s.Owner, s.Status.ToString().ToLowerInvariant(), s.LastEmission, s.NextActionAt?.ToUnixTimeMilliseconds()]);

    /// <summary>The subnet's number; also the row's key.</summary>
    public int Netuid { get; init; }

    /// <summary>Uids that the last epoch permitted to validate.</summary>
    public int Validators { get; init; }

    /// <summary>Uids to which the last epoch gave incentive.</summary>
    public int Miners { get; init; }

    /// <summary>Key of the row.</summary>
    public static string Key(int netuid) => netuid.ToString(CultureInfo.InvariantCulture);

    /// <summary>The price at a block, whatever happened between.</summary>
    public RegistrationPrice PriceAt(long block) => Hyperparameters.PricingOf().At(Price, (ulong)block);

    /// <summary>As anyone may see it.</summary>
    public SubnetView View(long block, long version) => new(
        Netuid, Name, Task, Owner, Status, block, CreatedAtBlock, Epoch, EpochBlock, Uids, (long)PriceAt(block).Burn, Recycled, Emitted, LastEmission, Hyperparameters, Pending, version);
}
