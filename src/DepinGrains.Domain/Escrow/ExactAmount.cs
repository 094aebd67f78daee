using System.Text.Json;
using System.Text.Json.Serialization;

namespace DepinGrains.Domain.Escrow;

/// <summary>An amount of minor units with its fraction, exact to 18 decimals. Ledgers only move its <see cref="Whole"/> part; the fraction is carried.</summary>
/// <param name="Atoms">10⁻¹⁸ minor units.</param>
[JsonConverter(typeof(ExactAmountJsonConverter))]
public readonly record struct ExactAmount(Int128 Atoms)
{
    /// <summary>Nothing.</summary>
    public static readonly ExactAmount Zero;

    /// <summary>A whole number of minor units.</summary>
    public static ExactAmount OfWhole(long units) => new(FixedPoint18.One * units);

    /// <summary>Whole minor units, truncated (amounts here are never negative).</summary>
    public long Whole => checked((long)(Atoms / FixedPoint18.One));

    /// <summary>The part below one minor unit.</summary>
    public ExactAmount Fraction => new(Atoms % FixedPoint18.One);

    /// <inheritdoc/>
    public override string ToString() => FixedPoint18.Format(Atoms);

    public static ExactAmount operator +(ExactAmount a, ExactAmount b) => new(checked(a.Atoms + b.Atoms));

    public static ExactAmount operator -(ExactAmount a, ExactAmount b) => new(checked(a.Atoms - b.Atoms));
}

/// <summary>An <see cref="ExactAmount"/> is a decimal string in JSON: numbers would lose digits.</summary>
public sealed class ExactAmountJsonConverter : JsonConverter<ExactAmount>
{
    /// <inheritdoc/>
    public override ExactAmount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        FixedPoint18.TryParse(reader.GetString(), out var atoms) ? new ExactAmount(atoms) : throw new JsonException("not an amount");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ExactAmount value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
