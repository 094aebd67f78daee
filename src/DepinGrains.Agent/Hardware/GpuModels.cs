using System.Text.RegularExpressions;

namespace DepinGrains.Agent.Hardware;

/// <summary>Turns a driver's words ("NVIDIA A100-SXM4-80GB") into the SDL's (model <c>a100</c>, interface <c>sxm4</c>).</summary>
internal static partial class GpuModels
{
    /// <summary>Model and interface; the interface is empty when neither the name nor the memory type tells.</summary>
    public static (string Model, string Interface) Parse(string name)
    {
        var words = Separators().Split(name.ToLowerInvariant()).Where(w => w.Length > 0 && !Noise().IsMatch(w)).ToList();
        var link = words.Select(Interface).FirstOrDefault(i => i.Length > 0) ?? "";
        var model = string.Concat(words.Where(w => Interface(w).Length == 0 && !MemoryType().IsMatch(w)));
        if (link.Length == 0)
        {
            // The driver does not name the socket of these; the cards with HBM3 exist only as SXM5 modules, GeForce and workstation cards only as PCIe.
            link = model switch
            {
                "h100" or "h200" or "h800" or "h20" => MemoryType().IsMatch(name.ToLowerInvariant()) || model != "h100" ? "sxm5" : "",
                "b200" or "b300" => "sxm6",
                _ when model.StartsWith("rtx", StringComparison.Ordinal) || model.StartsWith("gtx", StringComparison.Ordinal) => "pcie",
                "t4" or "l4" or "l40" or "l40s" or "a10" or "a40" or "p4" or "p40" or "a2" or "a16" => "pcie",
                _ => "",
            };
        }

        return (model.Length == 0 ? Compact(name) : model, link);
    }

    /// <summary>Lower case letters and digits only.</summary>
    public static string Compact(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant() is { Length: > 0 } s ? s : "unknown";

    private static string Interface(string word) =>
        word is "pcie" or "pci" ? "pcie"
        : word is "nvl" ? "pcie"
        : SxmWord().IsMatch(word) ? (word == "sxm" ? "sxm" : word)
        : "";

    [GeneratedRegex(@"[\s\-_/()]+")]
    private static partial Regex Separators();

    /// <summary>Makers' and families' words and the memory size, which SDL does not have in the model.</summary>
    [GeneratedRegex(@"^(nvidia|tesla|geforce|quadro|graphics|gpu|generation|ada|mig|\d+(\.\d+)?(gb|gib))$")]
    private static partial Regex Noise();

    [GeneratedRegex(@"\bhbm\d\w*\b")]
    private static partial Regex MemoryType();

    [GeneratedRegex(@"^sxm\d?$")]
    private static partial Regex SxmWord();
}
