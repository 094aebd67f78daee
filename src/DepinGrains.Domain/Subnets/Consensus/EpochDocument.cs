using System.Text.Json;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>An epoch to compute, as read from JSON.</summary>
/// <param name="Inputs">The subnet.</param>
/// <param name="Parameters">Its hyperparameters.</param>
/// <param name="Emission">Rao to share out.</param>
public sealed record EpochDocument(EpochInputs Inputs, EpochParameters Parameters, ulong Emission)
{
    /// <summary>Largest file read, bytes.</summary>
    public const int BytesMax = 64 << 20;

    /// <summary>Most epochs in one file.</summary>
    public const int EpochsMax = 10_000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 8 };

    /// <summary>
    /// Reads one <c>inputs</c> object or an array of them; objects that carry it under <c>inputs</c> (as the vector files do) are taken too.
    /// Refuses <c>epoch.json_invalid</c> with where, and what <see cref="EpochInputs.Checked"/> and <see cref="EpochParameters.Checked"/> refuse.
    /// </summary>
    public static Result<IReadOnlyList<EpochDocument>> Read(ReadOnlyMemory<byte> json)
    {
        if (json.Length > BytesMax)
        {
            return Refusal.Of("epoch.json_invalid", $"{json.Length} bytes; at most {BytesMax}", ("bytes", json.Length));
        }

        try
        {
            using var document = JsonDocument.Parse(json, Options);
            JsonElement[] elements = document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray()] : [document.RootElement];
            if (elements.Length > EpochsMax)
            {
                return Refusal.Of("epoch.json_invalid", $"{elements.Length} epochs; at most {EpochsMax}", ("epochs", elements.Length));
            }

            List<EpochDocument> read = [];
            foreach (var element in elements)
            {
                var one = ReadOne(element.ValueKind == JsonValueKind.Object && element.TryGetProperty("inputs", out var inputs) ? inputs : element);
                if (!one.IsOk)
                {
                    return one.Refusal with { Detail = $"epoch {read.Count}: {one.Refusal.Detail}" };
                }

                read.Add(one.Value);
            }

            return read;
        }
        catch (JsonException broken)
        {
            return Refusal.Of("epoch.json_invalid", broken.Message);
        }
        catch (Exception wrong) when (wrong is FormatException or InvalidOperationException or KeyNotFoundException or OverflowException or ArgumentException)
        {
            return Refusal.Of("epoch.json_invalid", $"an epoch is an object with n, stakes, permits, weights, bonds, last_update, reg_block, block, rao: {wrong.Message}");
        }
    }

    /// <summary>Reads an <c>inputs</c> object; throws for values of another kind.</summary>
    private static Result<EpochDocument> ReadOne(JsonElement from)
    {
        var count = from.GetProperty("n").GetInt32();
        if (count is < 0 or > EpochInputs.UidsMax)
        {
            return Refusal.Of("epoch.too_many_uids", $"{count} uids; at most {EpochInputs.UidsMax}", ("count", count), ("max", EpochInputs.UidsMax));
        }

        var weights = Rows(from, "weights", count);
        var bonds = Rows(from, "bonds", count);
        if (!weights.IsOk || !bonds.IsOk)
        {
            return (weights.Refusal ?? bonds.Refusal)!;
        }

        var inputs = new EpochInputs
        {
            Block = from.GetProperty("block").GetUInt64(), Stakes = Numbers(from, "stakes"), Permits = [.. from.GetProperty("permits").EnumerateArray().Select(static p => p.GetBoolean())],
            LastUpdate = Numbers(from, "last_update"), RegisteredAt = Numbers(from, "reg_block"), Weights = weights.Value, Bonds = bonds.Value,
        }.Checked();
        if (!inputs.IsOk)
        {
            return inputs.Refusal;
        }

        if (inputs.Value.Count != count)
        {
            return Refusal.Of("epoch.shape_invalid", $"stakes has {inputs.Value.Count} entries for {count} uids", ("name", "stakes"), ("length", inputs.Value.Count), ("count", count));
        }

        var parameters = ReadParameters(from).Checked();
        return parameters.IsOk ? new EpochDocument(inputs.Value, parameters.Value, from.GetProperty("rao").GetUInt64()) : parameters.Refusal;
    }

    private static EpochParameters ReadParameters(JsonElement from)
    {
        var usual = new EpochParameters();
        return new EpochParameters(
            Optional(from, "activity_cutoff", static v => v.GetUInt64(), usual.ActivityCutoff),
            Optional(from, "kappa_u16", static v => v.GetUInt16(), usual.Kappa),
            Optional(from, "bonds_ma", static v => v.GetInt64(), usual.BondsMovingAverage),
            Optional(from, "max_validators", static v => v.GetInt32(), usual.MaxValidators))
        {
            Version = Optional(from, "yuma3", static v => v.GetBoolean(), false) ? YumaVersion.Yuma3 : YumaVersion.Yuma1,
            BondsPenalty = Optional(from, "bonds_penalty", static v => v.GetUInt16(), usual.BondsPenalty),
            LiquidAlpha = Optional(from, "liquid_alpha", static v => v.GetBoolean(), false)
                ? new LiquidAlpha(
                    Optional(from, "alpha_low", Fixed, Fixed(0.7m)),
                    Optional(from, "alpha_high", Fixed, Fixed(0.9m)),
                    Optional(from, "alpha_sigmoid_steepness", static v => v.GetInt32(), 1000))
                : null,
        };
    }

    private static long Fixed(JsonElement value) => Fixed(value.GetDecimal());

    private static long Fixed(decimal value) => (long)decimal.Round(value * I32F32.One, MidpointRounding.ToEven);

    private static T Optional<T>(JsonElement from, string name, Func<JsonElement, T> read, T otherwise) => from.TryGetProperty(name, out var value) ? read(value) : otherwise;

    private static ulong[] Numbers(JsonElement from, string name) => [.. from.GetProperty(name).EnumerateArray().Select(static n => n.GetUInt64())];

    private static Result<SparseRows> Rows(JsonElement from, string name, int count)
    {
        Dictionary<int, IReadOnlyDictionary<int, ushort>> rows = [];
        foreach (var row in from.GetProperty(name).EnumerateObject())
        {
            rows.Add(Uid(row.Name), row.Value.EnumerateObject().ToDictionary(static e => Uid(e.Name), static e => e.Value.GetUInt16()));
        }

        return SparseRows.FromRows(count, rows);
    }

    private static int Uid(string text) => int.Parse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
}
