using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

public sealed class LimitTests
{
    private static readonly GroupSpec Group = SdlText.Accept(SdlText.Valid).Groups[0];

    [Fact]
    public void The_samples_are_valid_fit_and_within_limits()
    {
        var samples = Directory.GetFiles(Path.Combine(SdlFiles.Repository, "samples"), "*.yaml");
        Assert.Equal(3, samples.Length);
        Assert.All(samples, file =>
        {
            var document = SdlParser.Parse(File.ReadAllBytes(file)).Require();
            Assert.Empty(DeploymentLimits.Check(document.Groups, document.ReclamationMinWindow));
            Assert.Empty(ManifestFit.Check(document.Manifest, document.Groups));
        });
    }

    [Fact]
    public void Each_limit_has_its_code_and_its_edge()
    {
        Edge("deployment.cpu", 10, 384_000, (r, v) => r with { CpuMilli = v });
        Edge("deployment.gpu", 0, 24, (r, v) => r with { GpuUnits = v });
        Edge("deployment.memory", 1L << 20, 2L << 40, (r, v) => r with { MemoryBytes = v });
        Edge("deployment.storage", 5L << 20, 32L << 40, (r, v) => r with { Storage = [r.Storage[0] with { Bytes = v }] });
        var unit = Group.Units[0];
        Assert.Empty(Codes(Group with { Units = [unit with { Count = 50 }] }));
        Assert.Equal(["deployment.replicas"], Codes(Group with { Units = [unit with { Count = 51 }] }));
        Assert.Equal(["deployment.replicas"], Codes(Group with { Units = [unit with { Count = 0 }] }));
        Assert.Empty(Codes([.. Enumerable.Repeat(Group, 20)]));
        Assert.Equal(["deployment.group_count"], Codes([.. Enumerable.Repeat(Group, 21)]));
        Assert.Equal(["deployment.group_count"], Codes([]));
        Assert.Empty(Codes(Group with { Units = [.. Enumerable.Repeat(unit, 20)] }));
        Assert.Equal(["deployment.unit_count"], Codes(Group with { Units = [.. Enumerable.Repeat(unit, 21)] }));
        Assert.Equal(["deployment.duplicate_volume"], Codes(Group with { Units = [unit with { Resources = unit.Resources with { Storage = [.. Enumerable.Repeat(unit.Resources.Storage[0], 2)] } }] }));
    }

    [Fact]
    public void A_price_is_above_zero_and_at_most_ten_million()
    {
        Assert.Equal(["deployment.price"], Priced("0"));
        Assert.Empty(Priced("0.000000000000000001"));
        Assert.Empty(Priced("10000000"));
        Assert.Equal(["deployment.price"], Priced("10000000.000000000000000001"));
        var unit = Group.Units[0];
        Assert.Equal(["deployment.one_denom"], Codes(Group with { Units = [unit, unit with { Price = unit.Price with { Denom = "uakt" } }] }));
    }

    [Fact]
    public void Totals_of_a_group_are_limited_too()
    {
        var unit = Group.Units[0];
        var big = unit with { Count = 50, Resources = unit.Resources with { CpuMilli = 384_000, GpuUnits = 24, MemoryBytes = 2L << 40, Storage = [unit.Resources.Storage[0] with { Bytes = 32L << 40 }] } };
        Assert.Empty(Codes(Group with { Units = [big] }));
        Assert.Equal(
            ["deployment.group_cpu", "deployment.group_gpu", "deployment.group_memory", "deployment.group_storage"],
            Codes(Group with { Units = [big, unit with { Resources = unit.Resources with { GpuUnits = 1 } }] }));
    }

    [Fact]
    public void A_reclamation_window_lies_between_one_hour_and_thirty_days()
    {
        Assert.Empty(DeploymentLimits.Check([Group], TimeSpan.FromHours(1)));
        Assert.Empty(DeploymentLimits.Check([Group], TimeSpan.FromHours(720)));
        Assert.Equal("deployment.reclamation_window", Assert.Single(DeploymentLimits.Check([Group], TimeSpan.FromSeconds(3599))).Code);
        Assert.Equal("deployment.reclamation_window", Assert.Single(DeploymentLimits.Check([Group], TimeSpan.FromHours(721))).Code);
        Assert.Equal(TimeSpan.FromMinutes(90), SdlText.Accept(SdlText.Valid + "reclamation: {min_window: 90m}\n").ReclamationMinWindow);
    }

    private static void Edge(string code, long min, long max, Func<UnitResources, long, UnitResources> set)
    {
        Assert.Empty(At(min));
        Assert.Empty(At(max));
        Assert.Equal([code], At(max + 1));
        Assert.Contains(code, At(min - 1));

        ImmutableArray<string> At(long value) => Codes(Group with { Units = [Group.Units[0] with { Resources = set(Group.Units[0].Resources, value) }] });
    }

    private static ImmutableArray<string> Priced(string amount) => Codes(Group with { Units = [Group.Units[0] with { Price = new UnitPrice("uact", amount) }] });

    private static ImmutableArray<string> Codes(params ImmutableArray<GroupSpec> groups) => [.. DeploymentLimits.Check(groups).Select(r => r.Code)];
}
