using System.Collections.Immutable;
using System.Text.RegularExpressions;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary>The section <c>profiles</c>: compute and placement.</summary>
internal static partial class ProfileReader
{
    /// <summary>USDC on Akash's main network, the only <c>ibc/</c> denomination taken.</summary>
    public const string UsdcDenom = "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1";

    public static void ReadAll(SdlSource source, YamlNode node, string path, SdlModel model)
    {
        if (!source.Map(node, path, ["compute", "placement"], ["compute", "placement"]))
        {
            return;
        }

        var computePath = SdlSource.Join(path, "compute");
        if (node["compute"] is { } compute && source.Map(compute, computePath, [], []))
        {
            foreach (var entry in compute.Entries)
            {
                var at = SdlSource.Join(computePath, entry.Key);
                model.Computes.Add(entry.Key, new(ReadCompute(source, entry.Value, at), entry.KeyNode, at));
            }
        }

        var placementPath = SdlSource.Join(path, "placement");
        if (node["placement"] is { } placement && source.Map(placement, placementPath, [], []))
        {
            foreach (var entry in placement.Entries)
            {
                var at = SdlSource.Join(placementPath, entry.Key);
                model.Placements.Add(entry.Key, new(ReadPlacement(source, entry.Value, at), entry.KeyNode, at));
            }
        }
    }

    private static PlacementModel? ReadPlacement(SdlSource source, YamlNode node, string path)
    {
        if (!source.Map(node, path, ["attributes", "signedBy", "pricing"], ["pricing"]))
        {
            return null;
        }

        ImmutableArray<string> allOf = [], anyOf = [];
        var signedPath = SdlSource.Join(path, "signedBy");
        if (node["signedBy"] is { } signed && source.Map(signed, signedPath, ["allOf", "anyOf"], []))
        {
            allOf = source.Texts(signed, signedPath, "allOf");
            anyOf = source.Texts(signed, signedPath, "anyOf");
        }

        var pricing = new Dictionary<string, UnitPrice?>(StringComparer.Ordinal);
        var pricingPath = SdlSource.Join(path, "pricing");
        if (node["pricing"] is { } prices && source.Map(prices, pricingPath, [], []))
        {
            foreach (var entry in prices.Entries)
            {
                pricing.Add(entry.Key, ReadPrice(source, entry.Value, SdlSource.Join(pricingPath, entry.Key)));
            }
        }

        return new PlacementModel(DocumentReader.Attributes(source, node, path, "attributes"), allOf, anyOf, pricing, pricingPath);
    }

    private static UnitPrice? ReadPrice(SdlSource source, YamlNode node, string path)
    {
        if (!source.Map(node, path, ["denom", "amount"], ["denom", "amount"]))
        {
            return null;
        }

        var denom = source.Text(node, path, "denom");
        if (denom is not (null or "uakt" or "uact" or UsdcDenom))
        {
            source.Fail(node["denom"]!, SdlSource.Join(path, "denom"), SdlRules.NotAllowed, $"\"denom\" must be uact, uakt or {UsdcDenom}; not \"{SdlSource.Clip(denom)}\".");
        }

        if (node["amount"] is not { } amount)
        {
            return null;
        }

        var at = SdlSource.Join(path, "amount");
        if (amount.Kind is not (YamlKind.Text or YamlKind.Number))
        {
            source.WrongType(amount, at, "a number or a decimal string");
            return null;
        }

        var text = amount.Kind == YamlKind.Number ? JsNumber.ToPlainText(amount.Number) : amount.Text;
        if (!SdlUnits.IsDecimal(text))
        {
            source.Fail(amount, at, SdlRules.BadFormat, $"\"amount\" must be a decimal of zero or more, not \"{SdlSource.Clip(amount.Text)}\".");
            return null;
        }

        if (!UnitPrice.TryCreate(denom ?? "", text, out var price))
        {
            source.Fail(amount, at, SdlRules.NumberTooLarge, $"\"amount\" {SdlSource.Clip(text)} has more than {UnitPrice.Digits} fractional or 20 whole digits.");
        }

        return price;
    }

    private static ComputeModel? ReadCompute(SdlSource source, YamlNode node, string path)
    {
        var at = SdlSource.Join(path, "resources");
        if (!source.Map(node, path, ["resources"], ["resources"])
            || node["resources"] is not { } resources
            || !source.Map(resources, at, ["cpu", "memory", "storage", "gpu"], ["cpu", "memory", "storage"]))
        {
            return null;
        }

        Placed<double>? cpu = null;
        ImmutableArray<SpecAttribute> cpuAttributes = [];
        var cpuPath = SdlSource.Join(at, "cpu");
        if (resources["cpu"] is { } cpuNode && source.Map(cpuNode, cpuPath, ["units", "attributes"], ["units"]))
        {
            cpu = ReadCpu(source, cpuNode, cpuPath);
            cpuAttributes = DocumentReader.Attributes(source, cpuNode, cpuPath, "attributes");
        }

        Placed<string>? memory = null;
        var memoryPath = SdlSource.Join(at, "memory");
        if (resources["memory"] is { } memoryNode && source.Map(memoryNode, memoryPath, ["size"], ["size"]) && source.Text(memoryNode, memoryPath, "size") is { } size)
        {
            memory = new(size, memoryNode["size"]!, SdlSource.Join(memoryPath, "size"));
        }

        var storage = ReadStorage(source, resources, at);
        var gpu = resources["gpu"] is { } gpuNode ? GpuReader.Read(source, gpuNode, SdlSource.Join(at, "gpu")) : null;
        return cpu is { } c && memory is { } m ? new ComputeModel(c, cpuAttributes, m, storage, gpu) : null;
    }

    private static Placed<double>? ReadCpu(SdlSource source, YamlNode cpu, string path)
    {
        if (cpu["units"] is not { } node)
        {
            return null;
        }

        var at = SdlSource.Join(path, "units");
        switch (node.Kind)
        {
            case YamlKind.Number when node.Number > 0:
                return new(node.Number * 1000, node, at);
            case YamlKind.Text when CpuText().IsMatch(node.Text) && !CpuZero().IsMatch(node.Text) && SdlUnits.TryCpu(node.Text, out var milli):
                return new(milli, node, at);
            case YamlKind.Number or YamlKind.Text:
                source.Fail(node, at, SdlRules.BadFormat, $"CPU units must be a number above zero or a text such as \"500m\", not \"{SdlSource.Clip(node.Text)}\".");
                return null;
            default:
                source.WrongType(node, at, "a number or string");
                return null;
        }
    }

    private static ImmutableArray<VolumeModel> ReadStorage(SdlSource source, YamlNode resources, string path)
    {
        var at = SdlSource.Join(path, "storage");
        switch (resources["storage"])
        {
            case null:
                return [];
            case { Kind: YamlKind.List } list:
                var volumes = ImmutableArray.CreateBuilder<VolumeModel>(list.Items.Count);
                for (var i = 0; i < list.Items.Count; i++)
                {
                    if (ReadVolume(source, list.Items[i], SdlSource.Join(at, i)) is { } volume)
                    {
                        volumes.Add(volume);
                    }
                }

                return volumes.ToImmutable();
            case { } one:
                return ReadVolume(source, one, at) is { } only ? [only] : [];
        }
    }

    private static VolumeModel? ReadVolume(SdlSource source, YamlNode node, string path)
    {
        if (!source.Map(node, path, ["name", "size", "attributes"], ["size"]))
        {
            return null;
        }

        var name = source.Text(node, path, "name");
        var size = source.Text(node, path, "size");
        var attributes = ImmutableArray.CreateBuilder<SpecAttribute>(2);
        var persistent = false;
        var at = SdlSource.Join(path, "attributes");
        if (node["attributes"] is { } map && source.Map(map, at, ["class", "persistent"], []))
        {
            var cls = source.Text(map, at, "class");
            var flag = map["persistent"];
            if (flag is not null && flag.Kind is not (YamlKind.Bool or YamlKind.Text))
            {
                source.WrongType(flag, SdlSource.Join(at, "persistent"), "a boolean or string");
            }

            var flagText = flag is null ? null : SdlSource.AnyText(flag);
            if (cls == "ram" && flagText == "true")
            {
                source.Fail(flag!, SdlSource.Join(at, "persistent"), SdlRules.RamNotPersistent, "\"ram\" storage cannot be persistent.");
            }

            if (cls is not null)
            {
                attributes.Add(new("class", cls));
            }

            flagText ??= cls == "ram" ? "false" : null;
            if (flagText is not null)
            {
                attributes.Add(new("persistent", flagText));
                persistent = flagText.ToLowerInvariant() is not ("false" or "no" or "0" or "");
            }
        }

        return size is null ? null : new VolumeModel(name, new(size, node["size"]!, SdlSource.Join(path, "size")), attributes.ToImmutable(), persistent);
    }

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?[a-zA-Z]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex CpuText();

    [GeneratedRegex(@"^0+(\.0+)?m?\z", RegexOptions.CultureInvariant)]
    private static partial Regex CpuZero();
}
