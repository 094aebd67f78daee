using System.Text.Json;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Reads vectors from tests/vectors/subnets, found by walking up to the solution.</summary>
internal static class SubnetVectors
{
    public static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(Bytes(file));
        return document.RootElement.Clone();
    }

    public static byte[] Bytes(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        return File.ReadAllBytes(Path.Combine(folder.FullName, "tests", "vectors", "subnets", file));
    }

    public static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetInt64())];

    public static ulong[] ULongs(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetUInt64())];

    public static ushort[] U16s(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetUInt16())];

    public static bool[] Bools(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetBoolean())];
}
