using System.Threading.Channels;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>Log lines of one workload.</summary>
internal sealed class AgentLogStream(AgentConnection connection, string id, string workload) : AgentStream(connection, id, workload)
{
    // Bounded by the window.
    private readonly Channel<AgentLogs> _lines = Channel.CreateUnbounded<AgentLogs>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly ReceiveWindow _window = new();

    /// <summary>What came, until the agent's last word or the connection's end.</summary>
    public async IAsyncEnumerable<AgentLogs> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var lines in _lines.Reader.ReadAllAsync(cancel))
        {
            if (_window.Read() is > 0 and var credit)
            {
                Connection.Send(new GatewayStreamCredit(Id, credit));
            }

            yield return lines;
        }
    }

    public override bool? Take(AgentMessage message) => message is AgentLogs lines ? _window.TryTake() && (_lines.Writer.TryWrite(lines) || true) : null;

    protected override void Ended(AgentStreamClosed? word) => _lines.Writer.TryComplete();
}
