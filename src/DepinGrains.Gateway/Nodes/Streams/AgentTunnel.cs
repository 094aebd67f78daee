using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>A stream to a port.</summary>
internal sealed class AgentTunnel : AgentByteStream
{
    private readonly string _node;

    public AgentTunnel(AgentConnection connection, string id, string? workload, long bytesMax, TimeProvider time)
        : base(connection, id, workload, bytesMax, time)
    {
        _node = connection.Node;

        // Whoever waits may have left: nobody need see the failure.
        Opened.Task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>The agent has connected the port, or says why not.</summary>
    public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Refusal NotAnswered(string node) => Refusal.Of("tunnel.not_answered", $"node {node} did not open the tunnel", ("node", node));

    public override bool? Take(AgentMessage message) => message is not AgentStreamOpened ? base.Take(message) : Opened.TrySetResult() ? true : null;

    protected override void Ended(AgentStreamClosed? word)
    {
        Opened.TrySetException(new RefusalException(
            word is null ? NotAnswered(_node) : Refusal.Of("tunnel.refused", $"the node's agent: {word.Detail}", ("node", _node), ("reason", word.Code))));
        base.Ended(word);
    }
}
