using System.Globalization;
using System.Text.RegularExpressions;

namespace DepinGrains.Agent.Hardware;

/// <summary>
/// The size a card is sold by. Drivers report less (error correction, reserved pages): H100 80GB 81,559 MiB, H200 143,771, T4 15,360, RTX 4090 24,564; orders ask for "80Gi".
/// A size is only ever rounded by the few per cent that explains; a card that reports much less keeps what it reports.
/// </summary>
internal static partial class GpuMemory
{
    private static readonly Dictionary<string, int> NominalGibibytes = new(StringComparer.Ordinal)
    {
        ["t4"] = 16, ["l4"] = 24, ["a10"] = 24, ["a10g"] = 24, ["a40"] = 48, ["l40"] = 48, ["l40s"] = 48, ["h200"] = 141,
    };

    /// <summary>Bytes; the nominal size when named in <paramref name="name"/> or known for <paramref name="model"/> and at most 7 % away, else the nearest GiB when at most 2 % away, else as reported.</summary>
    public static long NominalBytes(string name, string model, long mebibytes)
    {
        var named = SizeWord().Match(name);
        if (named.Success && Near(int.Parse(named.Groups[1].ValueSpan, CultureInfo.InvariantCulture), mebibytes, 7, out var bytes))
        {
            return bytes;
        }

        if (NominalGibibytes.TryGetValue(model, out var known) && Near(known, mebibytes, 7, out bytes))
        {
            return bytes;
        }

        return Near((mebibytes + 512) / 1_024, mebibytes, 2, out bytes) ? bytes : mebibytes << 20;
    }

    private static bool Near(long gibibytes, long mebibytes, int percent, out long bytes)
    {
        bytes = gibibytes << 30;
        var nominal = gibibytes * 1_024;
        return mebibytes > 0 && Math.Abs(nominal - mebibytes) * 100 <= nominal * percent;
    }

    [GeneratedRegex(@"(?<!\d)(\d{1,4})\s?GB\b", RegexOptions.IgnoreCase)]
    private static partial Regex SizeWord();
}
