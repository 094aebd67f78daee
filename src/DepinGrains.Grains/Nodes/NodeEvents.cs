namespace DepinGrains.Grains.Nodes;

/// <summary>Types of events about nodes, on the topics <c>market</c> and <c>node/{id}</c>.</summary>
public static class NodeEvents
{
    public const string Joined = "node.joined";
    public const string Online = "node.online";
    public const string Offline = "node.offline";
    public const string Draining = "node.draining";

    /// <summary>Draining ended.</summary>
    public const string Resumed = "node.resumed";

    public const string Retired = "node.retired";

    /// <summary>An agent came with less hardware than is booked; once per lie.</summary>
    public const string HardwareRefused = "node.hardware_refused";
}

/// <summary>Data of these events.</summary>
/// <param name="LastSeenAt">Last sign of life.</param>
/// <param name="Leases">How many leases the node carries.</param>
/// <param name="Detail">Of refusals the sentence, of retirements the reason; else null.</param>
public sealed record NodeEventData(string Node, string Provider, string Status, string Region, DateTimeOffset LastSeenAt, int Leases, string? Detail);
