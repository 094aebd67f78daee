using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Providers;

/// <summary>Akash's pricing-script protocol: JSON on stdin, a decimal on stdout, a non-zero exit means no bid. Starting the process is the caller's.</summary>
public static class PriceScriptProtocol
{
    /// <summary>How long a script may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>How many scripts may run at once.</summary>
    public const int ConcurrentMax = 32;

    /// <summary>Environment variable with the tenant's id.</summary>
    public const string OwnerVariable = "AKASH_OWNER";

    /// <summary>Environment variable with the currency.</summary>
    public const string DenomVariable = "AKASH_DENOM";

    /// <summary>The JSON for stdin.</summary>
    public static string BuildInput(ImmutableArray<PricedUnit> units, PriceTerms terms)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("resources");
            foreach (var unit in units)
            {
                WriteUnit(json, unit);
            }

            json.WriteEndArray();
            json.WriteStartObject("price");
            json.WriteString("denom", terms.Denom);
            json.WriteString("amount", terms.Ceiling.ToString());
            json.WriteEndObject();
            json.WriteNumber("price_precision", terms.Precision);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>The bid from what a script said: <c>market.price_script_failed</c>, <c>market.price_script_output_invalid</c>, <c>market.price_zero</c>, <c>market.price_above_ceiling</c>.</summary>
    public static Result<Rate> ReadOutput(int exitCode, string stdout, string stderr, PriceTerms terms)
    {
        if (exitCode != 0)
        {
            return Refusal.Of("market.price_script_failed", $"the script exited with {exitCode}: {Shorten(stderr)}", ("exitCode", exitCode));
        }

        if (!Rate.TryParse(stdout.AsSpan().Trim(), out var rate))
        {
            return Refusal.Of("market.price_script_output_invalid", $"the script printed no plain decimal: {Shorten(stdout)}");
        }

        if (rate == Rate.Zero)
        {
            return PricingErrors.PriceZero();
        }

        return rate > terms.Ceiling ? PricingErrors.AboveCeiling(rate.ToString(), terms) : rate;
    }

    private static void WriteUnit(Utf8JsonWriter json, PricedUnit unit)
    {
        json.WriteStartObject();
        json.WriteNumber("memory", unit.MemoryBytes);
        json.WriteNumber("cpu", unit.CpuMilli);
        json.WriteStartObject("gpu");
        json.WriteNumber("units", unit.Gpus);
        json.WriteStartObject("attributes");
        json.WriteStartObject("vendor");
        // The protocol holds one card per vendor; Akash keeps the last one, we the first.
        foreach (var selector in unit.GpuAttributes.Select(static t => GpuSelector.TryParse(t, out var s) ? s : null).OfType<GpuSelector>().DistinctBy(static s => s.Vendor))
        {
            json.WriteStartObject(selector.Vendor);
            json.WriteString("model", selector.Model);
            if (selector.RamBytes is { } ram)
            {
                json.WriteString("ram", GpuSelector.FormatSize(ram));
            }

            if (selector.Interface is { } connection)
            {
                json.WriteString("interface", connection);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("storage");
        foreach (var volume in unit.Volumes)
        {
            json.WriteStartObject();
            json.WriteString("class", UsdPricing.ClassOf(volume));
            json.WriteNumber("size", volume.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("count", unit.Count);
        json.WriteNumber("endpoint_quantity", unit.Endpoints);
        json.WriteNumber("ip_lease_quantity", unit.LeasedIps);
        json.WriteEndObject();
    }

    private static string Shorten(string text)
    {
        var trimmed = text.AsSpan().Trim();
        return trimmed.Length <= 200 ? trimmed.ToString() : string.Concat(trimmed[..200], "…");
    }
}
