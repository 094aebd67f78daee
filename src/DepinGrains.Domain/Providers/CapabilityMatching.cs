using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Providers;

/// <summary>Storage and card capabilities a provider declares as attributes <c>capabilities/storage/N/…</c> and <c>capabilities/gpu/vendor/…</c>.</summary>
public static class CapabilityMatching
{
    private const string StoragePrefix = "capabilities/storage/";
    private const string GpuPrefix = "capabilities/gpu/";

    /// <summary>
    /// Null when every persistent or memory-backed volume fits one declared storage group and, where cards are asked for, any one of the selectors is declared; else
    /// <c>market.storage_mismatch</c> or <c>market.gpu_mismatch</c>.
    /// </summary>
    public static Refusal? WhyNot(ImmutableArray<UnitDemand> units, ImmutableArray<Fact> declared)
    {
        foreach (var unit in units)
        {
            foreach (var volume in unit.Volumes)
            {
                if (StorageRefusal(volume, declared) is { } refusal)
                {
                    return refusal;
                }
            }

            if (unit.Gpus > 0 && !unit.GpuAttributes.IsEmpty && !unit.GpuAttributes.Any(selector => IsDeclared(selector, declared)))
            {
                var had = declared.Where(static d => d.Name.StartsWith(GpuPrefix, StringComparison.Ordinal)).Select(static d => d.Name[GpuPrefix.Length..]).DefaultIfEmpty("none");
                var list = string.Join(", ", had.Take(8));
                var wanted = string.Join(" or ", unit.GpuAttributes);
                return Refusal.Of("market.gpu_mismatch", $"wanted {wanted}, had {list}", ("unit", unit.Id), ("wanted", wanted), ("had", list));
            }
        }

        return null;
    }

    /// <summary>The capability attributes of detected hardware, so that an owner need not type them; ordered and without doubles.</summary>
    public static ImmutableArray<Fact> Of(IEnumerable<HardwareInventory> nodes)
    {
        var classes = new SortedSet<string>(StringComparer.Ordinal);
        var cards = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var hardware in nodes)
        {
            classes.UnionWith(hardware.Storage.Select(static s => s.Class).Where(static c => c != StorageClasses.Ephemeral));
            foreach (var card in hardware.Gpus)
            {
                var model = $"{GpuPrefix}vendor/{card.Vendor}/model/{card.Model}";
                var gib = (card.MemoryBytes + (1L << 29)) >> 30;
                var ram = string.Create(CultureInfo.InvariantCulture, $"{model}/ram/{gib}Gi");
                cards.UnionWith([model, ram]);
                if (GpuSelector.InterfaceClass(card.Interface) is { Length: > 0 } connection)
                {
                    cards.UnionWith([model + "/interface/" + connection, ram + "/interface/" + connection]);
                }
            }
        }

        var group = 0;
        var storage = classes.SelectMany(name => new[] { new Fact(Key(++group, "class"), name), new Fact(Key(group, "persistent"), "true") });
        return [.. storage, .. cards.Select(static c => new Fact(c, "true"))];
    }

    private static Refusal? StorageRefusal(VolumeDemand volume, ImmutableArray<Fact> declared)
    {
        if (!volume.Persistent && volume.Class is ("" or StorageClasses.Ephemeral or StorageClasses.Ram))
        {
            return null;
        }

        var groups = declared
            .Where(static d => d.Name.StartsWith(StoragePrefix, StringComparison.Ordinal))
            .Select(static d => (Parts: d.Name[StoragePrefix.Length..].Split('/', 2), d.Value))
            .Where(static d => d.Parts.Length == 2)
            .GroupBy(static d => d.Parts[0], static d => new Fact(d.Parts[1], d.Value), StringComparer.Ordinal)
            .Select(static g => g.ToImmutableArray())
            .ToImmutableArray();
        // "default" asks for any persistent class.
        ImmutableArray<Fact> wanted = volume.Class == StorageClasses.Default
            ? [new Fact("persistent", "true")]
            : [new Fact("class", volume.Class), new Fact("persistent", volume.Persistent ? "true" : "false")];
        if (groups.Any(g => wanted.All(g.Contains)))
        {
            return null;
        }

        var had = string.Join(", ", groups.SelectMany(static g => g).Where(static f => f.Name == "class").Select(static f => f.Value).DefaultIfEmpty("none"));
        return Refusal.Of(
            "market.storage_mismatch",
            $"wanted a volume of class {volume.Class}, persistent {(volume.Persistent ? "true" : "false")}; had classes {had}",
            ("volume", volume.Name),
            ("wanted", volume.Class),
            ("had", had));
    }

    private static bool IsDeclared(string selector, ImmutableArray<Fact> declared) => declared.Any(d => d.Value == "true" && Glob.Matches(GpuPrefix + selector, d.Name));

    private static string Key(int group, string name) => string.Create(CultureInfo.InvariantCulture, $"{StoragePrefix}{group}/{name}");
}
