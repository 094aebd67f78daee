using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Nodes;

/// <content>Log lines.</content>
public sealed partial class NodeGrain
{
    [LoggerMessage(3100, LogLevel.Information, "Node {Node} of provider {Provider} joined")]
    private partial void LogJoined(string node, string provider);

    [LoggerMessage(3101, LogLevel.Information, "Node {Node} connected as session {Session}")]
    private partial void LogConnected(string node, long session);

    [LoggerMessage(3102, LogLevel.Warning, "Node {Node} is offline: session {Session} was last heard at {Since}")]
    private partial void LogOffline(string node, long session, DateTimeOffset since);

    [LoggerMessage(3103, LogLevel.Information, "Node {Node} retired with {Leases} leases: {Reason}")]
    private partial void LogRetired(string node, int leases, string reason);

    [LoggerMessage(3104, LogLevel.Warning, "Node {Node} came with refused hardware: {Problem}")]
    private partial void LogHardwareRefused(string node, string problem);
}
