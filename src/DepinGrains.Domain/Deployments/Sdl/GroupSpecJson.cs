using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>Group specs in the JSON that Akash's Go tools print: <c>size</c>, <c>sequence_number</c>, <c>signed_by</c>, prices with 18 digits, empty lists as null or left out.</summary>
public static class GroupSpecJson
{
    /// <summary>UTF-8 JSON, keys sorted.</summary>
    public static ImmutableArray<byte> Write(ImmutableArray<GroupSpec> groups)
    {
        var json = new JsJson();
        Write(json, groups);
        return json.ToUtf8();
    }

    internal static void Write(JsJson json, ImmutableArray<GroupSpec> groups)
    {
        json.Open('[');
        foreach (var group in groups)
        {
            json.Open('{').Key("name").Text(group.Name).Key("requirements").Open('{').Key("attributes");
            Attributes(json, group.Requirements.Attributes);
            json.Key("signed_by").Open('{').Key("all_of");
            Texts(json, group.Requirements.SignedBy.AllOf);
            Texts(json.Key("any_of"), group.Requirements.SignedBy.AnyOf);
            json.Close('}').Close('}').Key("resources").Open('[');
            foreach (var unit in group.Units)
            {
                json.Open('{').Key("count").Number(unit.Count)
                    .Key("price").Open('{').Key("amount").Text(unit.Price.AmountE18()).Key("denom").Text(unit.Price.Denom).Close('}');
                Resources(json.Key("resource"), unit.Resources);
                json.Close('}');
            }

            json.Close(']').Close('}');
        }

        json.Close(']');
    }

    private static void Resources(JsJson json, UnitResources resources)
    {
        json.Open('{').Key("cpu").Open('{');
        OptionalAttributes(json, resources.CpuAttributes);
        Value(json.Key("units"), resources.CpuMilli).Close('}').Key("endpoints").Open('[');
        foreach (var endpoint in resources.Endpoints)
        {
            json.Open('{');
            if (endpoint.Kind != EndpointKind.SharedHttp)
            {
                json.Key("kind").Number((int)endpoint.Kind);
            }

            json.Key("sequence_number").Number(endpoint.SequenceNumber).Close('}');
        }

        json.Close(']').Key("gpu").Open('{');
        OptionalAttributes(json, resources.GpuAttributes);
        Value(json.Key("units"), resources.GpuUnits).Close('}').Key("id").Number(resources.Id).Key("memory").Open('{');
        Value(json.Key("size"), resources.MemoryBytes).Close('}').Key("storage").Open('[');
        foreach (var volume in resources.Storage)
        {
            json.Open('{');
            OptionalAttributes(json, volume.Attributes);
            Value(json.Key("name").Text(volume.Name).Key("size"), volume.Bytes).Close('}');
        }

        json.Close(']').Close('}');
    }

    private static JsJson Value(JsJson json, long value) =>
        json.Open('{').Key("val").Text(value.ToString(CultureInfo.InvariantCulture)).Close('}');

    private static void OptionalAttributes(JsJson json, ImmutableArray<SpecAttribute> attributes)
    {
        if (!attributes.IsEmpty)
        {
            Attributes(json.Key("attributes"), attributes);
        }
    }

    private static void Attributes(JsJson json, ImmutableArray<SpecAttribute> attributes)
    {
        if (attributes.IsEmpty)
        {
            json.Null();
            return;
        }

        json.Open('[');
        foreach (var attribute in attributes)
        {
            json.Open('{').Key("key").Text(attribute.Key).Key("value").Text(attribute.Value).Close('}');
        }

        json.Close(']');
    }

    private static void Texts(JsJson json, ImmutableArray<string> values)
    {
        if (values.IsEmpty)
        {
            json.Null();
        }
        else
        {
            json.Texts(values);
        }
    }
}
