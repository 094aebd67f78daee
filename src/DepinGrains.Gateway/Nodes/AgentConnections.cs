using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes.Streams;
using DepinGrains.Grains.Nodes;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Nodes;

/// <summary>
/// The agents connected to this process. Logs and shells reach a node only through the gateway that holds its connection: others send the caller's request on to it.
/// </summary>
public sealed partial class AgentConnections : INodeListener, IDisposable
{
    private readonly ConcurrentDictionary<string, AgentConnection> _byNode = new(StringComparer.Ordinal);
    private readonly IGrainFactory _grains;
    private readonly ILogger<AgentConnections> _log;
    private readonly IDisposable _listening;
    private readonly ITimer _looking;
    private int _count;

    /// <summary>Listens for hints about nodes and for beats that are not current any more.</summary>
    public AgentConnections(
        IGrainFactory grains, INodeNotifier notifier, HeartbeatBatcher batcher, IOptions<AgentEndpointOptions> options, TimeProvider time, ILogger<AgentConnections> log)
    {
        ArgumentNullException.ThrowIfNull(notifier);
        ArgumentNullException.ThrowIfNull(batcher);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        (_grains, _log) = (grains, log);
        batcher.NotCurrent = connection => _ = EndStaleAsync(connection);
        _listening = notifier.Listen(this);

        // One look at all of them instead of two timers for each message.
        var period = TimeSpan.FromTicks(Math.Min(TimeSpan.TicksPerSecond, Math.Min(options.Value.IdleTimeout.Ticks, options.Value.SendTimeout.Ticks) / 4));
        _looking = time.CreateTimer(_ => LookAtAll(time), null, period, period);
    }

    /// <summary>Sockets open now, those in their handshake included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The connection of a node, or null when it is not connected to this process.</summary>
    public AgentConnection? Find(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>The connections that are open now.</summary>
    public ImmutableArray<AgentRoute> Routes() => [.. _byNode.Select(static c => new AgentRoute(c.Key, c.Value.Session))];

    /// <summary>Refuses when the node is not connected to this process.</summary>
    public Refusal? NotConnected(string node) => Find(node) is null
        ? Refusal.Of("node.not_connected", $"node {node} is not connected to this gateway: its logs and shells cannot be reached now", ("node", node))
        : null;

    /// <summary>
    /// Lines a workload wrote, oldest first: from <paramref name="fromOffset"/> on, or (when it is negative) the last <paramref name="tail"/>. With <paramref name="follow"/> it goes on
    /// until cancelled; it also ends with the connection, and the caller may come back with the offset after the last line. Throws <see cref="RefusalException"/> when the node is not connected.
    /// </summary>
    public async IAsyncEnumerable<LogLine> StreamLogsAsync(
        string node, string workloadId, long fromOffset, int tail, bool follow, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var opened = Find(node)?.OpenLogs(workloadId, fromOffset, tail, follow) ?? NotConnected(node)!;
        var stream = opened.IsOk ? opened.Value : throw new RefusalException(opened.Refusal);
        try
        {
            await foreach (var message in stream.ReadAsync(cancel))
            {
                foreach (var line in message is { Lines: { IsDefault: false } lines } ? lines : [])
                {
                    // An agent answers for the workload it was asked about, not for a neighbour's.
                    if (line is { Text: not null, Stream: not null } && line.WorkloadId == workloadId)
                    {
                        yield return line;
                    }
                }
            }
        }
        finally
        {
            stream.Close();
        }
    }

    /// <summary>Starts a shell in a workload; an empty command means <c>/bin/sh</c>. Dispose to kill it.</summary>
    public Result<ShellSession> OpenShell(string node, string workloadId, ImmutableArray<string> command, int columns = 0, int rows = 0)
    {
        var shell = Find(node)?.OpenShell(workloadId, command.IsDefaultOrEmpty ? ["/bin/sh"] : command, columns, rows) ?? NotConnected(node)!;
        return shell.IsOk ? new ShellSession(shell.Value) : shell.Refusal;
    }

    /// <inheritdoc/>
    public void GenerationChanged(string node, long generation)
    {
        if (Find(node) is { } connection)
        {
            // The hint comes from within a grain's turn: what the socket does must not run on that grain's scheduler.
            ThreadPool.UnsafeQueueUserWorkItem(static hint => hint.connection.Announce(hint.generation), (connection, generation), preferLocal: false);
        }
    }

    /// <inheritdoc/>
    public void SessionChanged(string node, long session, bool retired)
    {
        if (Find(node) is not { } connection)
        {
            return;
        }

        if (retired)
        {
            connection.Refuse("node.retired", $"node {node} was retired", final: true);
        }
        else if (connection.Session < session)
        {
            Replaced(connection, session);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _looking.Dispose();
        _listening.Dispose();
    }

    internal bool TryEnter(int max)
    {
        if (Interlocked.Increment(ref _count) <= max)
        {
            return true;
        }

        Leave();
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _count);

    /// <summary>Registers a connection, unless one with a newer session is here already; ends an older one.</summary>
    internal bool TryAdd(AgentConnection connection)
    {
        while (true)
        {
            if (!_byNode.TryGetValue(connection.Node, out var other))
            {
                if (_byNode.TryAdd(connection.Node, connection))
                {
                    return true;
                }
            }
            else if (other.Session > connection.Session)
            {
                return false;
            }
            else if (_byNode.TryUpdate(connection.Node, connection, other))
            {
                Replaced(other, connection.Session);
                return true;
            }
        }
    }

    internal void Remove(AgentConnection connection) => _byNode.TryRemove(KeyValuePair.Create(connection.Node, connection));

    private void LookAtAll(TimeProvider time)
    {
        var now = time.GetTimestamp();
        foreach (var (_, connection) in _byNode)
        {
            connection.Look(now, time);
        }
    }

    private static void Replaced(AgentConnection connection, long session) =>
        connection.Refuse("node.session_replaced", $"session {connection.Session} was replaced by session {session} of the same node key", final: true);

    /// <summary>A beat was not welcome: the node grain knows whether another took over (final) or the node was only thought dead (it may come back).</summary>
    private async Task EndStaleAsync(AgentConnection connection)
    {
        if (connection.Goodbye is not null)
        {
            return;
        }

        try
        {
            var view = await _grains.GetGrain<INodeGrain>(connection.Node).GetAsync();
            if (view is { Value: { Status: NodeStatus.Retired } } or { IsOk: false })
            {
                connection.Refuse("node.retired", $"node {connection.Node} was retired", final: true);
            }
            else if (view.Value.Session > connection.Session)
            {
                Replaced(connection, view.Value.Session);
            }
            else
            {
                connection.Refuse("node.session_ended", "the node was declared offline; connect again", final: false);
            }
        }
        catch (Exception problem)
        {
            LogUndecided(connection.Node, problem);
            connection.Refuse("node.session_ended", "the session is not current any more; connect again", final: false);
        }
    }

    [LoggerMessage(3320, LogLevel.Warning, "Node {Node} could not be asked why its session ended")]
    private partial void LogUndecided(string node, Exception problem);
}
