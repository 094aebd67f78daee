using System.Text.Json;

namespace DepinGrains.Domain.Tests;

/// <summary>Reads vectors from tests/vectors, found by walking up to the solution.</summary>
internal static class DeploymentVectors
{
    public static JsonElement Read(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.FullName, "tests", "vectors", "deployments", file)));
        return document.RootElement.Clone();
    }
}
