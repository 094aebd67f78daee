using System.Globalization;

namespace DepinGrains.Agent.Hardware;

/// <summary>What <c>sysctl</c> says on macOS (<c>Apple M2 Pro</c>, <c>12</c>, <c>34359738368</c>).</summary>
internal static class MacMachine
{
    public static (string Model, long CpuMilli, long MemoryBytes) Parse(string brand, string cores, string memory, int coresFallback, long memoryFallback)
    {
        var count = long.TryParse(cores, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and < 10_000 ? n : coresFallback;
        var bytes = long.TryParse(memory, NumberStyles.None, CultureInfo.InvariantCulture, out var m) && m > 0 ? m : memoryFallback;
        return (brand.Length == 0 ? "unknown" : brand, count * 1_000, bytes);
    }
}
