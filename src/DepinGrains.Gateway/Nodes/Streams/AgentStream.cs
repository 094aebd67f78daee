using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>This gateway's end of one stream through an agent's connection. Its place in the connection's book is free when the agent has said its last word on it.</summary>
internal abstract class AgentStream(AgentConnection connection, string id, string? workload)
{
    private int _closing;

    /// <summary>The workload; null: the node owner's own.</summary>
    public string? Workload { get; } = workload;

    protected AgentConnection Connection { get; } = connection;

    protected string Id { get; } = id;

    /// <summary>The agent sent something under this id. Null: nothing that was due; false: more than it may.</summary>
    public abstract bool? Take(AgentMessage message);

    /// <summary>The agent's last word; null: the connection ended without one. Nothing is said to it any more.</summary>
    public void End(AgentStreamClosed? word)
    {
        Volatile.Write(ref _closing, 1);
        Ended(word);
    }

    /// <summary>Tells the agent that nobody is here any more. May be said again, and after its last word.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            Connection.Send(new GatewayStreamClose(Id));
        }
    }

    /// <summary>What the last word means to this kind of stream.</summary>
    protected abstract void Ended(AgentStreamClosed? word);
}
