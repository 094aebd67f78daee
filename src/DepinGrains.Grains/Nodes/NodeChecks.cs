using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Nodes;

/// <summary>
/// Bounds on what agents and callers send. Every amount is small enough that sums over a whole node cannot overflow. Hardware beyond any machine there is is refused; an agent that claims
/// more than it has, but no more than a machine can have, is believed: only a benchmark that the network challenges it with could tell.
/// </summary>
public static class NodeChecks
{
    private const long CpuMilliMax = 100_000_000;
    private const long BytesMax = 1L << 50;
    private const int GpusMax = 64;

    /// <summary>A machine's own bounds, a few times the largest there are: 4,096 cores, 64 TiB of memory, 1 TiB on a card, 4 PiB of disks in all classes.</summary>
    private const long MachineCpuMilliMax = 4_096_000;
    private const long MachineMemoryMax = 1L << 46;
    private const long CardMemoryMax = 1L << 40;
    private const long MachineStorageMax = 1L << 52;
    private const int ClassesMax = 8;
    private const int TextMax = 256;
    private const int AttributesMax = 64;

    /// <summary>Refuses a registration with senseless or oversized fields.</summary>
    public static Refusal? Registration(NodeRegistration registration)
    {
        if ((Text("provider", registration.Provider, 1, 128) ?? Text("region", registration.Region, 0, 64) ?? Text("host", registration.Host, 1, 253) ?? Text("publicKey", registration.PublicKey, 1, 512)) is { } wrong)
        {
            return wrong;
        }

        if (registration.Attributes.IsDefault || registration.Attributes.Length > AttributesMax)
        {
            var had = registration.Attributes.IsDefault ? "none" : $"{registration.Attributes.Length}";
            return Refusal.Of("node.registration_invalid", $"attributes: wanted at most {AttributesMax}, had {had}", ("field", "attributes"), ("max", AttributesMax), ("had", had));
        }

        return registration.Attributes.Select(static fact => Text("attribute name", fact.Name, 1, 128) ?? Text("attribute value", fact.Value, 0, TextMax)).FirstOrDefault(static r => r is not null)
            ?? Hardware(registration.Hardware);
    }

    private static Refusal? Text(string field, string? text, int min, int max) => IsText(text, min, max)
        ? null
        : Refusal.Of(
            "node.registration_invalid",
            $"{field}: wanted {min} to {max} characters of plain text, had {(text is null ? "none" : text.Length <= max && text.Length >= min ? "control characters or broken text" : $"{text.Length}")}",
            ("field", field),
            ("min", min),
            ("max", max),
            ("had", text?.Length ?? 0));

    /// <summary>Refuses hardware that cannot be.</summary>
    public static Refusal? Hardware(HardwareInventory? hardware)
    {
        var problem = hardware switch
        {
            null => "it is missing",
            _ when hardware.Storage.IsDefault || hardware.Gpus.IsDefault || hardware.Executors.IsDefault => "a list is missing",
            _ when !IsText(hardware.CpuModel, 0, TextMax) || !IsText(hardware.Architecture, 0, TextMax) || !IsText(hardware.OperatingSystem, 0, TextMax) => "a name is too long or not plain text",
            { CpuMilli: < 0 or > MachineCpuMilliMax } => $"cpuMilli must be 0 to {MachineCpuMilliMax}",
            { MemoryBytes: < 0 or > MachineMemoryMax } => $"memoryBytes must be 0 to {MachineMemoryMax}",
            { PortMin: < 0 } or { PortMax: > 65_535 } => "ports must be 0 to 65535",
            _ when hardware.PortMax < hardware.PortMin || (hardware.PortMin == 0 && hardware.PortMax != 0) => "the port range is reversed or begins at 0",
            _ when hardware.Storage.Length > ClassesMax || hardware.Storage.Any(room => room.Bytes is < 0 or > BytesMax || !IsText(room.Class, 1, 32)) => "a storage class is out of bounds",
            _ when hardware.Storage.Sum(static room => room.Bytes) > MachineStorageMax => $"all storage together may be {MachineStorageMax} bytes",
            _ when hardware.Storage.DistinctBy(room => room.Class).Count() < hardware.Storage.Length => "a storage class stands twice",
            _ when hardware.Executors.Length > 8 || hardware.Executors.Any(name => !IsText(name, 1, 32)) => "an executor's name is out of bounds",
            _ => GpuProblem(hardware.Gpus),
        };
        return problem is null ? null : Refusal.Of("node.hardware_invalid", $"the hardware is refused: {problem}", ("problem", problem));
    }

    /// <summary>Refuses percentages out of bounds.</summary>
    public static Refusal? Overcommit(NodeOvercommit overcommit)
    {
        int[] all = [overcommit.CpuPercent, overcommit.MemoryPercent, overcommit.StoragePercent];
        return Array.FindIndex(all, static p => p is < 0 or > Domain.Nodes.Overcommit.PercentMax) is >= 0 and var bad
            ? Refusal.Of("node.overcommit_invalid", $"overcommit is 0 to {Domain.Nodes.Overcommit.PercentMax} percent, not {all[bad]}", ("had", all[bad]), ("max", Domain.Nodes.Overcommit.PercentMax))
            : null;
    }

    /// <summary>Refuses a demand that is empty, out of bounds or names a slot twice.</summary>
    public static Refusal? Demand(NodeDemand? demand, int slotsMax)
    {
        var problem = demand switch
        {
            null or { Slots.IsDefaultOrEmpty: true } => "there is no slot",
            _ when demand.Slots.Length > slotsMax => $"{demand.Slots.Length} slots, at most {slotsMax}",
            _ when demand.Slots.Any(slot => slot.GpuAttributes.IsDefault || slot.Storage.IsDefault || !IsText(slot.Key, 1, 128)) => "a slot is incomplete",
            _ when demand.Slots.DistinctBy(slot => slot.Key).Count() < demand.Slots.Length => "a slot stands twice",
            _ when demand.Slots.Any(slot => slot.CpuMilli is < 0 or > CpuMilliMax || slot.MemoryBytes is < 0 or > BytesMax) => "CPU or memory is out of bounds",
            _ when demand.Slots.Any(slot => !IsText(slot.Executor, 0, 32) || slot.WorkloadBytes is < 0 or > BytesMax) => "an executor or the size of a manifest is out of bounds",
            _ when demand.Slots.Any(slot => slot.Gpus is < 0 or > GpusMax || slot.Ports is < 0 or > 1_024 || slot.GpuAttributes.Length > 64) => "GPUs or ports are out of bounds",
            _ when demand.Slots.Any(slot => slot.GpuAttributes.Any(attribute => !IsText(attribute, 1, TextMax))) => "a GPU attribute is out of bounds",
            _ when demand.Slots.Any(slot => slot.Storage.Length > 32 || slot.Storage.Any(storage => storage.Bytes is < 0 or > BytesMax || !IsText(storage.Class, 1, 32))) => "storage is out of bounds",
            _ => null,
        };
        return problem is null ? null : Refusal.Of("node.demand_invalid", $"the demand is refused: {problem}", ("problem", problem));
    }

    /// <summary>Refuses workloads that do not fit what the reservation granted.</summary>
    public static Refusal? Workloads(NodeBooking booking, ImmutableArray<WorkloadSpec> workloads, int workloadsMax)
    {
        if (workloads.IsDefault || workloads.Length > workloadsMax
            || workloads.Any(spec => spec.Env.IsDefault || spec.Command.IsDefault || spec.Args.IsDefault || spec.GpuUuids.IsDefault || spec.Ports.IsDefault || spec.Volumes.IsDefault || !IsText(spec.Id, 1, TextMax)))
        {
            return Refusal.Of("node.workloads_invalid", $"workloads must be complete and at most {workloadsMax}", ("max", workloadsMax));
        }

        if (workloads.DistinctBy(spec => spec.Id).Count() < workloads.Length)
        {
            return Refusal.Of("node.workloads_invalid", "a workload's id stands twice");
        }

        var slots = booking.Demand.Slots;
        var gpus = booking.Grants.SelectMany(grant => grant.GpuUuids).ToHashSet(StringComparer.Ordinal);
        var ports = booking.Grants.SelectMany(grant => grant.HostPorts).ToHashSet();
        return Exceeds("cpu", workloads.Sum(spec => Math.Clamp(spec.CpuMilli, 0, CpuMilliMax)), slots.Sum(slot => slot.CpuMilli))
            ?? Exceeds("memory", workloads.Sum(spec => Math.Clamp(spec.MemoryBytes, 0, BytesMax)), slots.Sum(slot => slot.MemoryBytes + slot.Storage.Sum(storage => storage.Class == "ram" ? storage.Bytes : 0)))
            ?? Exceeds("gpu", workloads.Sum(spec => spec.GpuUuids.Length) + workloads.Sum(spec => spec.GpuUuids.Count(uuid => !gpus.Contains(uuid))) * (long)GpusMax, gpus.Count)
            ?? Exceeds("ports", workloads.Sum(spec => spec.Ports.Count(port => !ports.Contains(port.HostPort))), 0)
            ?? (slots.Sum(static slot => slot.WorkloadBytes) is > 0 and var bytes ? Exceeds("manifest bytes", workloads.Sum(AgentProtocolJson.Size), bytes) : null);
    }

    /// <summary>True for text without control characters and lone surrogates, of a length in characters.</summary>
    public static bool IsText(string? text, int min, int max)
    {
        if (text is null || text.Length < min || text.Length > max)
        {
            return false;
        }

        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is < 32 or 0x7F or 0xFFFD)
            {
                return false;
            }
        }

        return true;
    }

    private static Refusal? Exceeds(string resource, long wanted, long granted) =>
        wanted <= granted
            ? null
            : Refusal.Of(
                "node.workloads_exceed_reservation",
                $"the workloads use {wanted} {resource}, the reservation granted {granted}",
                ("resource", resource),
                ("wanted", wanted),
                ("granted", granted));

    private static string? GpuProblem(ImmutableArray<GpuDevice> gpus) => gpus switch
    {
        { Length: > GpusMax } => $"{gpus.Length} GPUs, at most {GpusMax}",
        _ when gpus.Any(gpu => gpu is null || !IsText(gpu.Uuid, 1, 128) || !IsText(gpu.Model, 1, 64) || !IsText(gpu.Vendor, 1, 32) || !IsText(gpu.Interface, 0, 32) || !IsText(gpu.Name, 0, TextMax)) => "a GPU's names are out of bounds",
        _ when gpus.Any(gpu => gpu.MemoryBytes is < 0 or > CardMemoryMax) => $"a GPU's memory must be 0 to {CardMemoryMax}",
        _ when gpus.DistinctBy(gpu => gpu.Uuid).Count() < gpus.Length => "a GPU's uuid stands twice",
        _ => null,
    };
}
