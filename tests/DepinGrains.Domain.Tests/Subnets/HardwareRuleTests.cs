using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Hardware;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>What a subnet asks of its miners' hardware.</summary>
public sealed class HardwareRuleTests
{
    private static readonly SubnetHyperparameters Usual = new();
    private static readonly GpuDevice Card = new("amd", "mi", 4, "pcie", "gpu-0", "card");
    private static readonly HardwareInventory Node = new("cpu", "x64", 1_000, 1L << 30, [], [], "linux", 20_000, 30_000, ["native"]);

    [Theory]
    [InlineData(0, 0, false, null)]
    [InlineData(0, 8, true, "1 gpus of 8 bytes")]
    [InlineData(1, 8, true, "1 gpus of 8 bytes")]
    [InlineData(0, 4, true, null)]
    [InlineData(2, 4, true, null)]
    [InlineData(3, 4, true, "3 gpus of 4 bytes")]
    [InlineData(3, 0, true, "3 gpus")]
    public void MemoryOfACard_AsksForACardThatHasIt(int gpus, long memory, bool asks, string? missing)
    {
        var wanted = Usual with { MinGpus = gpus, MinGpuMemoryBytes = memory };
        Assert.Equal(asks, HardwareRules.AsksForHardware(wanted));
        var refusal = HardwareRules.WhyNot(wanted, Node with { Gpus = [Card, Card] });
        Assert.Equal(missing, refusal is null ? null : $"{refusal.Facts.Single(static f => f.Name == "wanted").Value} {refusal.Facts.Single(static f => f.Name == "what").Value}");
        Assert.Equal(asks, HardwareRules.WhyNot(wanted, Node) is not null);
    }
}
