using System.Reflection;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Tidy.Tests;

/// <summary>Dependencies point one way: Contracts ← Domain ← Grains ← hosts; files stay readable.</summary>
public sealed class LayeringTests
{
    [Fact]
    public void EachLayerKnowsOnlyTheOnesBelow()
    {
        Assert.DoesNotContain(Ours(typeof(Refusal).Assembly), static name => name != "DepinGrains.LocalRuntime");
        Assert.DoesNotContain(Ours(typeof(Rate).Assembly), static name => name is not ("DepinGrains.Contracts" or "DepinGrains.LocalRuntime"));
        Assert.Empty(Ours(typeof(ChangeSet).Assembly));
        Assert.DoesNotContain(Ours(typeof(MarketServices).Assembly), static name => name is "DepinGrains.Gateway" or "DepinGrains.Silo" or "DepinGrains.Standalone" or "DepinGrains.Agent");
    }

    [Fact]
    public void NoSourceFileIsLongerThan500Lines()
    {
        var files = Repository.Sources("src");
        Assert.NotEmpty(files);
        var tooLong = files.Where(static path => File.ReadLines(path).Count() > 500).ToArray();
        Assert.Empty(tooLong);
    }

    private static string[] Ours(Assembly assembly) =>
        [.. assembly.GetReferencedAssemblies().Select(static a => a.Name!).Where(static name => name.StartsWith("DepinGrains", StringComparison.Ordinal))];
}
