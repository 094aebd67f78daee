using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Tests.Nodes;

public sealed class NodeTransitionTests
{
    [Theory]
    [InlineData("Connected", NodeStatus.Online)]
    [InlineData("Connected Overdue", NodeStatus.Suspect)]
    [InlineData("Connected Overdue Beat", NodeStatus.Online)]
    [InlineData("Connected Overdue TimedOut", NodeStatus.Offline)]
    [InlineData("Connected TimedOut Connected", NodeStatus.Online)]
    [InlineData("Connected Drain", NodeStatus.Draining)]
    [InlineData("Connected Drain Overdue", NodeStatus.Draining)]
    [InlineData("Connected Drain TimedOut", NodeStatus.Offline)]
    [InlineData("Connected Drain TimedOut Connected", NodeStatus.Draining)]
    [InlineData("Connected Drain Undrain", NodeStatus.Online)]
    [InlineData("Connected Drain Retire", NodeStatus.Retired)]
    [InlineData("TimedOut", NodeStatus.Offline)]
    public void History_LeadsTo(string triggers, NodeStatus status)
    {
        var standing = NodeStanding.New;
        foreach (var trigger in triggers.Split(' '))
        {
            standing = NodeTransitions.Apply(standing, Enum.Parse<NodeTrigger>(trigger)).Require();
        }

        Assert.Equal(status, standing.Status);
        Assert.Equal(status == NodeStatus.Online, standing.TakesWork);
    }

    [Fact]
    public void Retired_IsForGood()
    {
        var retired = NodeTransitions.Apply(NodeStanding.New, NodeTrigger.Retire).Require();

        foreach (var trigger in Enum.GetValues<NodeTrigger>().Where(t => t != NodeTrigger.Retire))
        {
            Assert.Equal("node.retired", NodeTransitions.Apply(retired, trigger).Refusal?.Code);
        }
    }

    [Fact]
    public void Offline_IsNotBroughtBackByAStaleBeat() =>
        Assert.Equal("node.transition_refused", NodeTransitions.Apply(new NodeStanding(NodeStatus.Offline, false), NodeTrigger.Beat).Refusal?.Code);

    [Theory]
    [InlineData(0, 2_000)]
    [InlineData(1, 2_000)]
    [InlineData(60_000, 2_000)]
    [InlineData(60_001, 2_100)]
    [InlineData(300_000, 10_000)]
    [InlineData(long.MaxValue, 30_000)]
    public void Heartbeat_StretchesWithTheNumberOfNodes(long nodes, int milliseconds) =>
        Assert.Equal(milliseconds, HeartbeatInterval.For(nodes, 30_000, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30)).TotalMilliseconds);

    [Fact]
    public void Dead_IsThreeIntervalsAndASecond() => Assert.Equal(TimeSpan.FromSeconds(7), HeartbeatInterval.Timeout(TimeSpan.FromSeconds(2)));
}
