using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;

namespace DepinGrains.Simulation.Checks;

/// <summary>A node's bookings against its hardware, added up by hand.</summary>
internal static class NodeBooks
{
    public static void Check(NodeState? before, NodeState after, DateTimeOffset now, Problems problems)
    {
        Room(after, now, problems);
        if (before is null)
        {
            return;
        }

        problems.Unless(after.Session >= before.Session && after.Generation >= before.Generation, $"node {after.Id} goes back to session {after.Session}, generation {after.Generation}");
        problems.Unless(before.Liveness != NodeStatus.Retired || after.Liveness == NodeStatus.Retired, $"node {after.Id} comes back from retirement as {after.Liveness}");
        foreach (var booking in after.Bookings)
        {
            var earlier = before.Bookings.FirstOrDefault(b => b.Id == booking.Id);
            problems.Unless(earlier?.Lease is null || earlier.Lease == booking.Lease, $"node {after.Id}: booking {booking.Id} goes from lease {earlier?.Lease} to {booking.Lease}");
            problems.Unless(earlier is not null || before.Released.All(r => r.Id != booking.Id), $"node {after.Id}: booking {booking.Id} comes back after its release");
        }

        foreach (var gone in before.Bookings.Where(b => b.Lease is not null && after.Bookings.All(a => a.Id != b.Id)))
        {
            problems.Unless(after.Released.Any(r => r.Id == gone.Id), $"node {after.Id}: the confirmed booking {gone.Id} vanished without a release");
        }
    }

    private static void Room(NodeState state, DateTimeOffset now, Problems problems)
    {
        var standing = state.Bookings.Where(b => b.Lease is not null || b.ReservedUntil > now).ToArray();
        var slots = standing.SelectMany(static b => b.Demand.Slots).ToArray();
        var more = state.Overcommit;
        Most("cpu", slots.Select(static s => s.CpuMilli), state.Hardware.CpuMilli, more.CpuPercent);
        Most("memory", slots.SelectMany(static s => s.Storage.Where(static v => v.Class == "ram").Select(static v => v.Bytes).Prepend(s.MemoryBytes)), state.Hardware.MemoryBytes, more.MemoryPercent);
        foreach (var room in state.Hardware.Storage)
        {
            Most(room.Class, slots.SelectMany(static s => s.Storage).Where(v => v.Class == room.Class).Select(static v => v.Bytes), room.Bytes, more.StoragePercent);
        }

        var cards = standing.SelectMany(static b => b.Grants).SelectMany(static g => g.GpuUuids).ToArray();
        problems.Unless(cards.Distinct(StringComparer.Ordinal).Count() == cards.Length, $"node {state.Id} sells a card twice");
        problems.Unless(cards.All(c => state.Hardware.Gpus.Any(g => g.Uuid == c)), $"node {state.Id} sells a card it does not have");
        problems.Unless(cards.Length == slots.Sum(static s => s.Gpus), $"node {state.Id} granted {cards.Length} cards, {slots.Sum(static s => s.Gpus)} were asked for");
        var ports = standing.SelectMany(static b => b.Grants).SelectMany(static g => g.HostPorts).ToArray();
        problems.Unless(ports.Distinct().Count() == ports.Length, $"node {state.Id} sells a port twice");
        problems.Unless(ports.All(p => p >= state.Hardware.PortMin && p <= state.Hardware.PortMax), $"node {state.Id} sells a port outside its range");

        // Each demand is rounded to what it takes off the node, so a sum may be off by less than one a demand.
        void Most(string resource, IEnumerable<long> demands, long had, int percent)
        {
            var all = demands.ToArray();
            var allowed = had * (100m + percent) / 100 + (percent == 0 ? 0 : all.Length * (100m + percent) / 100);
            problems.Unless(all.Sum() <= allowed, $"node {state.Id} sells {all.Sum()} of {had} {resource} with {percent} percent more");
        }
    }
}
