using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>The objects that an overlay brings to a cluster, as kustomize makes them.</summary>
internal static class Overlay
{
    /// <summary>The overlays of k8s/overlays.</summary>
    public static readonly string[] All = ["single", "dev", "prod"];

    private static readonly Dictionary<string, Lazy<Task<string>>> Texts = All.ToDictionary(static o => o, static o => new Lazy<Task<string>>(() => RenderAsync($"k8s/overlays/{o}")));

    /// <summary>The overlay as YAML; without kubectl the test is skipped, and fails in CI.</summary>
    public static Task<string> TextAsync(string overlay)
    {
        Repository.Need(Repository.Has("kubectl"), "kubectl");
        return Texts[overlay].Value;
    }

    /// <summary>A copy of its objects.</summary>
    public static async Task<List<JsonObject>> ObjectsAsync(string overlay) => [.. YamlTree.Parse(await TextAsync(overlay))];

    public static async Task<string> RenderAsync(string folder)
    {
        var (code, output, error) = await Repository.RunAsync("kubectl", ["kustomize", folder]);
        return code == 0 ? output : throw new InvalidOperationException($"kubectl kustomize {folder}: {error}");
    }
}
