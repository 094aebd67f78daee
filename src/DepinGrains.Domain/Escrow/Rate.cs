using System.Text.Json;
using System.Text.Json.Serialization;

namespace DepinGrains.Domain.Escrow;

/// <summary>A price: minor units of one currency per block, exact to 18 decimals.</summary>
/// <param name="Atoms">10⁻¹⁸ minor units per block.</param>
[JsonConverter(typeof(RateJsonConverter))]
public readonly record struct Rate(Int128 Atoms) : IComparable<Rate>
{
    /// <summary>Nothing per block.</summary>
    public static readonly Rate Zero;

    /// <summary>The highest rate taken: 10¹⁵ minor units per block, which keeps a sum of 10,000 of them far from overflow.</summary>
    public static readonly Rate Max = OfWhole(1_000_000_000_000_000);

    /// <summary>A whole number of minor units per block.</summary>
    public static Rate OfWhole(long units) => new(checked(FixedPoint18.One * units));

    /// <summary>Reads a plain decimal, see <see cref="FixedPoint18.TryParse"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Rate rate)
    {
        var ok = FixedPoint18.TryParse(text, out var atoms);
        rate = new Rate(atoms);
        return ok;
    }

    /// <summary>Reads a plain decimal; throws <see cref="FormatException"/>.</summary>
    public static Rate Parse(string text) => TryParse(text, out var rate) ? rate : throw new FormatException($"not a rate: {text}");

    /// <inheritdoc/>
    public int CompareTo(Rate other) => Atoms.CompareTo(other.Atoms);

    /// <inheritdoc/>
    public override string ToString() => FixedPoint18.Format(Atoms);

    public static Rate operator +(Rate a, Rate b) => new(checked(a.Atoms + b.Atoms));

    public static Rate operator *(Rate a, long count) => new(checked(a.Atoms * count));

    public static bool operator <(Rate a, Rate b) => a.Atoms < b.Atoms;

    public static bool operator >(Rate a, Rate b) => a.Atoms > b.Atoms;

    public static bool operator <=(Rate a, Rate b) => a.Atoms <= b.Atoms;

    public static bool operator >=(Rate a, Rate b) => a.Atoms >= b.Atoms;
}

/// <summary>A <see cref="Rate"/> is a decimal string in JSON: numbers would lose digits.</summary>
public sealed class RateJsonConverter : JsonConverter<Rate>
{
    /// <inheritdoc/>
    public override Rate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Rate.TryParse(reader.GetString(), out var rate) ? rate : throw new JsonException("not a rate");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Rate value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
