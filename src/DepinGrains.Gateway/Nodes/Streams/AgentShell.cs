using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>A program in a workload.</summary>
internal sealed class AgentShell(AgentConnection connection, string id, string workload, TimeProvider time) : AgentByteStream(connection, id, workload, long.MaxValue, time)
{
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The program's exit code when the agent has said its last word; null: nobody knows it.</summary>
    public Task<int?> Exit => _exit.Task;

    /// <summary>Tells the terminal its new size.</summary>
    public void Resize(int columns, int rows) => Connection.Send(new GatewayShellResize(Id, columns, rows));

    protected override void Ended(AgentStreamClosed? word)
    {
        _exit.TrySetResult(word?.ExitCode);
        base.Ended(word);
    }
}
