using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Nodes;

/// <summary>Refusals of a node's book and of packing; each names what was wanted and what was free.</summary>
internal static class NodeErrors
{
    public static Refusal Insufficient(string resource, string what, long wanted, long free) =>
        Refusal.Of("node.insufficient_" + resource, $"wanted {wanted} {what}, free {free}", ("resource", resource), ("wanted", wanted), ("free", free));

    public static Refusal InsufficientStorage(string storageClass, long wanted, long free) =>
        Refusal.Of(
            "node.insufficient_storage",
            $"wanted {wanted} bytes of storage class {storageClass}, free {free}",
            ("resource", "storage"),
            ("class", storageClass),
            ("wanted", wanted),
            ("free", free));

    public static Refusal InsufficientGpu(string selectors, int wanted, int free, int freeOfAnyKind) =>
        Refusal.Of(
            "node.insufficient_gpu",
            $"wanted {wanted} of {selectors}, free {free} ({freeOfAnyKind} of any kind)",
            ("resource", "gpu"),
            ("selector", selectors),
            ("wanted", wanted),
            ("free", free),
            ("freeOfAnyKind", freeOfAnyKind));

    public static Refusal StorageClassMissing(string storageClass, string has) =>
        Refusal.Of("node.storage_class_missing", $"storage class {storageClass} is not offered; it has {has}", ("wanted", storageClass), ("had", has));

    public static Refusal WorkloadRoom(long wanted, long free) =>
        Refusal.Of("node.workload_room", $"the workloads' manifest takes {wanted} bytes, the node has room for {free} more", ("resource", "workload bytes"), ("wanted", wanted), ("free", free));

    public static Refusal ExecutorMissing(string executor, ImmutableArray<string> has) =>
        Refusal.Of("node.executor_missing", $"the image needs an executor for {executor} workloads; the node has {Names(has)}", ("wanted", executor), ("had", Names(has)));

    public static Refusal DemandInvalid(string why) => Refusal.Of("node.demand_invalid", why);

    public static Refusal GpuSelectorInvalid(string text) =>
        Refusal.Of(
            "node.gpu_selector_invalid",
            $"{Shorten(text)} is not vendor/NAME/model/NAME[/ram/SIZE][/interface/pcie|sxm]",
            ("selector", Shorten(text)));

    public static Refusal ReservationConflict(string id) =>
        Refusal.Of("node.reservation_conflict", $"reservation {id} exists with another demand", ("reservation", id));

    public static Refusal ReservationGone(string id) =>
        Refusal.Of("node.reservation_gone", $"reservation {id} expired, was released or never was", ("reservation", id));

    public static Refusal ReservationLeased(string id, string lease) =>
        Refusal.Of("node.reservation_leased", $"reservation {id} belongs to lease {lease}", ("reservation", id), ("lease", lease));

    public static Refusal ReservationsFull(int max) =>
        Refusal.Of("node.reservations_full", $"the node carries {max} reservations", ("max", max));

    public static Refusal HardwareShrunk(Refusal first) =>
        Refusal.Of("node.hardware_shrunk", $"the detected hardware no longer covers what is booked: {first.Detail}", [.. first.Facts.Select(static f => (f.Name, (object?)f.Value))]);

    private static string Names(ImmutableArray<string> executors) => string.Join(", ", executors.DefaultIfEmpty("none"));

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
