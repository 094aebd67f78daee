using System.Globalization;
using System.Text.Json;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>An epoch's outcome as JSON, in the shape of <c>expected</c> in <c>generated_epochs.json</c>.</summary>
public static class EpochReport
{
    /// <summary>Writes one object.</summary>
    public static void Write(Utf8JsonWriter json, EpochOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(outcome);
        json.WriteStartObject();
        Write(json, "active", outcome.Active, static (to, v) => to.WriteBooleanValue(v));
        Write(json, "rank", outcome.Rank, static (to, v) => to.WriteNumberValue(v));
        Write(json, "trust", outcome.Trust, static (to, v) => to.WriteNumberValue(v));
        Write(json, "consensus", outcome.Consensus, static (to, v) => to.WriteNumberValue(v));
        Write(json, "incentive", outcome.Incentive, static (to, v) => to.WriteNumberValue(v));
        Write(json, "dividends", outcome.Dividends, static (to, v) => to.WriteNumberValue(v));
        Write(json, "emission", outcome.Emission, static (to, v) => to.WriteNumberValue(v));
        Write(json, "server_emission", outcome.ServerEmission, static (to, v) => to.WriteNumberValue(v));
        Write(json, "validator_emission", outcome.ValidatorEmission, static (to, v) => to.WriteNumberValue(v));
        Write(json, "pruning_scores", outcome.PruningScores, static (to, v) => to.WriteNumberValue(v));
        Write(json, "validator_trust", outcome.ValidatorTrust, static (to, v) => to.WriteNumberValue(v));
        Write(json, "new_permits", outcome.NewPermits, static (to, v) => to.WriteBooleanValue(v));
        json.WriteStartObject("bonds");
        for (var uid = 0; uid < outcome.Bonds.Rows; uid++)
        {
            json.WriteStartObject(uid.ToString(CultureInfo.InvariantCulture));
            for (var k = 0; k < outcome.Bonds.Columns(uid).Length; k++)
            {
                json.WriteNumber(outcome.Bonds.Columns(uid)[k].ToString(CultureInfo.InvariantCulture), outcome.Bonds.Values(uid)[k]);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write<T>(Utf8JsonWriter json, string name, T[] values, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        Array.ForEach(values, value => write(json, value));
        json.WriteEndArray();
    }
}
