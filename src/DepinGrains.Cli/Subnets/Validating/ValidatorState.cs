using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Subnets.Validating;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary>Weights that were promised, or are being set: written down before they are sent, so that a validator killed in between sends the same again.</summary>
/// <param name="Key">Idempotency key of the request under way.</param>
/// <param name="Salt">Null: set openly.</param>
/// <param name="RevealEpoch">When it can be revealed; null: not committed yet.</param>
internal sealed record WeightsUnderWay(WeightsToSet Weights, string Key, IReadOnlyList<ushort>? Salt, long? RevealEpoch);

/// <summary>All a validator remembers between rounds and runs.</summary>
internal sealed record ValidatorMemory(int Netuid, string Hotkey, long Rounds, long LastWeightsBlock, IReadOnlyList<MinerScore> Scores, WeightsUnderWay? UnderWay);

/// <summary>The memory's file: replaced whole, or not at all.</summary>
internal sealed class ValidatorFile(string path)
{
    private const long BytesMax = 16 << 20;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>What was remembered, or a new memory; refuses a file of another subnet or hotkey, and one that cannot be read: starting over would forget who is good.</summary>
    public ValidatorMemory Load(int netuid, string hotkey)
    {
        if (!File.Exists(path))
        {
            return new ValidatorMemory(netuid, hotkey, 0, 0, [], null);
        }

        ValidatorMemory? memory;
        try
        {
            memory = new FileInfo(path).Length > BytesMax ? null : JsonSerializer.Deserialize<ValidatorMemory>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException)
        {
            memory = null;
        }

        ServiceRun.Check(memory is { Scores: not null } && memory.Scores.All(static s => s.Average is >= 0 and <= Ppm.One), "validator.state_unreadable", $"{path} is no validator's memory; name another with --state, or remove it to start over");
        ServiceRun.Check(memory!.Netuid == netuid && memory.Hotkey == hotkey, "validator.state_foreign", $"{path} belongs to {memory.Hotkey} in subnet {memory.Netuid}; name another with --state");
        return memory;
    }

    /// <summary>Replaces it.</summary>
    public void Save(ValidatorMemory memory)
    {
        var draft = path + ".new";
        using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, memory, Json);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>The averages as the rules take them.</summary>
    public static ScoreBook BookOf(ValidatorMemory memory) => new(memory.Scores.ToImmutableSortedDictionary(static s => s.Hotkey, static s => s, StringComparer.Ordinal));
}
