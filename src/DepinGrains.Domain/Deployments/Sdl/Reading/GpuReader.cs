using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary><c>resources.gpu</c>: units and the models that will do.</summary>
internal static class GpuReader
{
    public static GpuModel? Read(SdlSource source, YamlNode node, string path)
    {
        if (!source.Map(node, path, ["units", "attributes"], ["units"]))
        {
            return null;
        }

        var units = node["units"];
        var amount = 0d;
        if (units is not null)
        {
            amount = ReadUnits(source, units, SdlSource.Join(path, "units"));
        }

        var attributes = ImmutableArray<SpecAttribute>.Empty;
        var hasVendor = false;
        var attributesPath = SdlSource.Join(path, "attributes");
        if (node["attributes"] is { } map && source.Map(map, attributesPath, ["vendor"], []))
        {
            hasVendor = map.Has("vendor");
            attributes = ReadVendors(source, map, attributesPath);
        }

        var at = units ?? node;
        return new GpuModel(
            new(amount, at, SdlSource.Join(path, "units")),
            HasUnits: units is not null && !(units.Kind == YamlKind.Number && units.Number == 0),
            node["attributes"],
            hasVendor,
            attributes);
    }

    private static double ReadUnits(SdlSource source, YamlNode units, string path)
    {
        if (units.Kind is not (YamlKind.Number or YamlKind.Text))
        {
            source.WrongType(units, path, "a number or string");
            return 0;
        }

        return units.Kind == YamlKind.Number ? units.Number : ParseInt(units.Text);
    }

    /// <summary>JavaScript's <c>parseInt(text, 10)</c>: leading digits count, what follows does not.</summary>
    private static double ParseInt(string text)
    {
        var rest = text.AsSpan().TrimStart();
        var sign = rest.StartsWith("-") ? -1 : 1;
        rest = rest.StartsWith("-") || rest.StartsWith("+") ? rest[1..] : rest;
        var end = rest.IndexOfAnyExceptInRange('0', '9');
        rest = end < 0 ? rest : rest[..end];
        return rest.IsEmpty ? double.NaN : sign * double.Parse(rest, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static ImmutableArray<SpecAttribute> ReadVendors(SdlSource source, YamlNode attributes, string path)
    {
        var at = SdlSource.Join(path, "vendor");
        if (attributes["vendor"] is not { } vendor || !source.Map(vendor, at, ["nvidia"], []))
        {
            return [];
        }

        if (vendor.Entries.Count == 0)
        {
            source.Fail(vendor, at, SdlRules.Required, "A GPU vendor must be named.");
            return [];
        }

        if (vendor["nvidia"] is not { } models)
        {
            return [];
        }

        var modelsPath = SdlSource.Join(at, "nvidia");
        if (models.Kind == YamlKind.Null)
        {
            return [new("vendor/nvidia/model/*", "true")];
        }

        if (models.Kind != YamlKind.List)
        {
            source.WrongType(models, modelsPath, "array or null");
            return [];
        }

        var list = ImmutableArray.CreateBuilder<SpecAttribute>(models.Items.Count);
        for (var i = 0; i < models.Items.Count; i++)
        {
            var item = models.Items[i];
            var itemPath = SdlSource.Join(modelsPath, i);
            if (source.Map(item, itemPath, ["model", "ram", "interface"], []))
            {
                // A list entry without a model becomes "undefined" in Akash's tools; the hash depends on it.
                list.Add(GpuModelKey.For(
                    source.Text(item, itemPath, "model") ?? "undefined",
                    source.Text(item, itemPath, "ram"),
                    source.OneOf(item, itemPath, "interface", "pcie", "sxm")));
            }
        }

        return list.ToImmutable();
    }
}
