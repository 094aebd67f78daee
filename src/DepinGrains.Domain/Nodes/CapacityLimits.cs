namespace DepinGrains.Domain.Nodes;

/// <summary>Bounds of one node's book.</summary>
public static class CapacityLimits
{
    /// <summary>Reservations at one time.</summary>
    public const int ReservationsMax = 2_000;

    /// <summary>Slots of one reservation: 50 replicas of 20 units.</summary>
    public const int SlotsMax = 1_000;

    /// <summary>Cards of one slot.</summary>
    public const int GpusPerSlotMax = 24;

    /// <summary>Host ports of one slot.</summary>
    public const int PortsPerSlotMax = 64;

    /// <summary>Storage entries and card selectors of one slot.</summary>
    public const int EntriesMax = 32;

    /// <summary>Longest reservation, lease or slot id.</summary>
    public const int IdLengthMax = 200;
}
