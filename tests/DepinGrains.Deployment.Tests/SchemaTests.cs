using DepinGrains.Deployment.Tests.Manifests;

namespace DepinGrains.Deployment.Tests;

/// <summary>
/// Every overlay against the schema of Kubernetes 1.34. The schema is not part of the repository: it is read from <c>../shared/ops</c>; the checker is installed by <c>npm ci</c> in
/// tests/tools/k8s. CI has both or fails.
/// </summary>
public sealed class SchemaTests
{
    private const string Dump = "kubernetes-1.34-openapi-v2.json";

    public static TheoryData<string> Overlays => [.. Overlay.All];

    [Theory, MemberData(nameof(Overlays))]
    public async Task Overlay_IsValid(string overlay)
    {
        var (code, output) = await CheckAsync(await Overlay.TextAsync(overlay));
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("minReadySeconds: 10", "minReadySecond: 10")]
    [InlineData("containerPort: 11111", "containerPort: eleven")]
    [InlineData("memory: 2Gi", "memory: 2GB")]
    [InlineData("apiVersion: policy/v1", "apiVersion: policy/v1beta1")]
    [InlineData("type: RuntimeDefault", "typ: RuntimeDefault")]
    public async Task Checker_SeesAMistake(string right, string wrong)
    {
        var text = await Overlay.TextAsync("prod");
        Assert.Contains(right, text, StringComparison.Ordinal);
        var (code, output) = await CheckAsync(text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Equal(1, code);
        Assert.NotEmpty(output);
    }

    private static async Task<(int Code, string Output)> CheckAsync(string manifests)
    {
        var tool = Repository.At("tests", "tools", "k8s");
        var dump = Repository.Shared("ops", Dump);
        Repository.Need(dump is not null, $"../shared/ops/{Dump}");
        Repository.Need(Repository.Has("node") && Directory.Exists(Path.Combine(tool, "node_modules", "ajv")), "node, and npm ci in tests/tools/k8s");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, manifests);
            var (code, output, error) = await Repository.RunAsync("node", [Path.Combine(tool, "validate-k8s.mjs"), dump!, file]);
            Assert.True(error.Length == 0, error);
            return (code, output);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
