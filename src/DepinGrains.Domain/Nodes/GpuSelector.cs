using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>What card is asked for: <c>vendor/nvidia/model/a100[/ram/80Gi][/interface/sxm]</c>.</summary>
/// <param name="Vendor">Lower case.</param>
/// <param name="Model">Lower case, or <c>*</c> for any of the vendor.</param>
/// <param name="RamBytes">Nominal memory in bytes, so that <c>81920Mi</c> and <c>80Gi</c> are the same; null = any.</param>
/// <param name="Interface"><c>pcie</c> or <c>sxm</c>; <c>sxm</c> matches hardware that says <c>sxm2</c>, <c>SXM4</c>…; null = any.</param>
public sealed record GpuSelector(string Vendor, string Model, long? RamBytes, string? Interface)
{
    /// <summary>Any model of the vendor.</summary>
    public const string AnyModel = "*";

    private const int TextMax = 200;

    /// <summary>True when the model is not fixed yet.</summary>
    public bool IsWildcard => Model == AnyModel;

    /// <summary>Reads the attribute form.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out GpuSelector? selector)
    {
        selector = null;
        if (text is null || text.Length > TextMax)
        {
            return false;
        }

        var parts = text.ToLowerInvariant().Split('/');
        if (parts.Length is not (4 or 6 or 8) || parts[0] != "vendor" || parts[2] != "model" || parts[1].Length == 0 || parts[3].Length == 0)
        {
            return false;
        }

        long? ram = null;
        string? connection = null;
        for (var i = 4; i < parts.Length; i += 2)
        {
            switch (parts[i])
            {
                case "ram" when ram is null && connection is null && TryParseSize(parts[i + 1], out var bytes):
                    ram = bytes;
                    break;
                case "interface" when connection is null && parts[i + 1] is "pcie" or "sxm":
                    connection = parts[i + 1];
                    break;
                default:
                    return false;
            }
        }

        selector = new GpuSelector(parts[1], parts[3], ram, connection);
        return true;
    }

    /// <summary>Reads <c>80Gi</c>, <c>81920Mi</c>… (Ki, Mi, Gi, Ti; whole numbers, any case) as bytes.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        bytes = 0;
        if (text.Length < 3)
        {
            return false;
        }

        var shift = text[^2..].ToLowerInvariant() switch { "ki" => 10, "mi" => 20, "gi" => 30, "ti" => 40, _ => 0 };
        if (shift == 0 || !long.TryParse(text[..^2], NumberStyles.None, CultureInfo.InvariantCulture, out var units) || units <= 0 || units > (1L << 62) >> shift)
        {
            return false;
        }

        bytes = units << shift;
        return true;
    }

    /// <summary>True when the card is what is asked for.</summary>
    public bool Matches(GpuDevice device) =>
        Same(device.Vendor, Vendor) &&
        (IsWildcard || Same(device.Model, Model)) &&
        (RamBytes is not { } ram || IsNominally(device.MemoryBytes, ram)) &&
        (Interface is null || InterfaceClass(device.Interface) == Interface);

    /// <summary>The selector with the model of a card it matched: what further replicas of the unit must get.</summary>
    public GpuSelector FrozenTo(GpuDevice device) => this with { Vendor = device.Vendor.ToLowerInvariant(), Model = device.Model.ToLowerInvariant() };

    /// <inheritdoc/>
    public override string ToString() =>
        $"vendor/{Vendor}/model/{Model}" + (RamBytes is { } ram ? "/ram/" + FormatSize(ram) : "") + (Interface is null ? "" : "/interface/" + Interface);

    /// <summary>All SXM generations are one class.</summary>
    public static string InterfaceClass(string reported)
    {
        var lower = reported.ToLowerInvariant();
        return lower.StartsWith("sxm", StringComparison.Ordinal) ? "sxm" : lower;
    }

    /// <summary>The largest unit that divides the size: <c>80Gi</c>.</summary>
    public static string FormatSize(long bytes)
    {
        string[] suffixes = ["Ki", "Mi", "Gi", "Ti"];
        var index = -1;
        while (index < suffixes.Length - 1 && bytes % 1024 == 0 && bytes >= 1024)
        {
            bytes /= 1024;
            index++;
        }

        return bytes.ToString(CultureInfo.InvariantCulture) + (index < 0 ? "" : suffixes[index]);
    }

    /// <summary>
    /// Drivers report a little less than the nominal size (an 80 GiB H100 says 81,559 MiB, a 16 GiB T4 with ECC 15,360 MiB): 92–101 % of it is it.
    /// The nearest different sizes of one model (40/48, 80/94 GiB) lie at 85 % or less.
    /// </summary>
    private static bool IsNominally(long reported, long nominal)
    {
        var scaled = (Int128)reported * 100;
        return scaled >= (Int128)nominal * 92 && scaled <= (Int128)nominal * 101;
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
