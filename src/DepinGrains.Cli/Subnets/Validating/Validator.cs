using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Domain.Subnets.Weights;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary>Rounds of challenges, moving averages, weights when they are due. A round that cannot reach the network is tried again with the next.</summary>
internal sealed class Validator(Session session, ValidatorOptions options, ValidatorFile file, MinerQuery query, Action<JsonObject> say, TimeProvider time)
{
    /// <summary>Rounds in a row in which a miner could not be asked before it counts as silence.</summary>
    private const int UnaskedMax = 3;

    private readonly SubnetApi _api = new(session, options.Netuid);
    private readonly Dictionary<string, int> _unasked = new(StringComparer.Ordinal);
    private string? _waited;
    private ValidatorMemory _memory = file.Load(options.Netuid, options.Hotkey);

    /// <summary>Runs until told to end, or for so many rounds.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(options.Every, time);
        for (var n = 1; ; n++)
        {
            try
            {
                // What was under way is written down and sent again at the next start.
                await RoundAsync(cancel).WaitAsync(cancel);
            }
            catch (Exception away) when (!cancel.IsCancellationRequested)
            {
                // Whatever a round meets, the next may go well: a service that ends sets no weights.
                say(new JsonObject { ["event"] = "failed", ["problem"] = $"{away.GetType().Name}: {away.Message}" });
            }

            if (n == options.RoundsMax)
            {
                return;
            }

            await timer.WaitForNextTickAsync(cancel);
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        var subnet = await _api.GetAsync();
        var task = options.Task ?? TaskOf((string)subnet["task"]!);
        var metagraph = await _api.MetagraphAsync("hotkeys,axons,stake,last_update,validator_permit");
        string[] hotkeys = [.. metagraph["hotkeys"]!.AsArray().Select(static h => (string)h!)];
        var own = Array.IndexOf(hotkeys, options.Hotkey);
        if (WhyWait(subnet, metagraph, own) is { } wait)
        {
            Wait(wait);
            return;
        }

        var asked = Choose(metagraph, hotkeys.Length, own);
        if (asked.Count > 0)
        {
            _waited = null;
        }
        else
        {
            Wait($"no other uid of subnet {options.Netuid} has announced an address ('depin miner run', with a key of its own)");
        }

        var challenge = task.Create(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        var model = string.Create(CultureInfo.InvariantCulture, $"subnet-{options.Netuid}");
        var heard = await Task.WhenAll(asked.Select(m => query.AskAsync(m, model, challenge, task.IsImage, cancel)));

        ChallengeAnswer[] answers = [.. heard.Where(h => Counts(h, hotkeys[h.Answer.Uid])).Select(static h => h.Answer)];
        var quality = task.Judge(challenge, answers);
        var book = ValidatorFile.BookOf(_memory);
        for (var i = 0; i < answers.Length; i++)
        {
            book = book.With(hotkeys[answers[i].Uid], ScoreBook.Worth(quality[i], answers[i].Micros, (long)options.Reference.TotalMicroseconds), options.Alpha);
        }

        // Who takes his address back serves nobody, and must not live on what he was worth before.
        var silent = Enumerable.Range(0, hotkeys.Length).Where(uid => AddressOf(metagraph, uid) is null).Select(uid => hotkeys[uid]).Where(book.Scores.ContainsKey);
        book = silent.Aggregate(book, (b, hotkey) => b.With(hotkey, 0, options.Alpha)).Only(hotkeys.ToHashSet(StringComparer.Ordinal));
        Remember(_memory with { Rounds = _memory.Rounds + 1, Scores = [.. book.Scores.Values] });
        say(new JsonObject
        {
            ["event"] = "round", ["round"] = _memory.Rounds, ["asked"] = answers.Length, ["answered"] = answers.Count(static a => a.Content is not null), ["good"] = quality.Count(static q => q > 0),
            ["problems"] = Problems(heard),
        });
        await WeightsAsync(subnet, metagraph, hotkeys, own, book);
    }

    /// <summary>Who could not be asked keeps his average, but not for ever: his own doing may be behind it.</summary>
    private bool Counts(MinerAnswer heard, string hotkey)
    {
        if (heard.Asked)
        {
            _unasked.Remove(hotkey);
            return true;
        }

        return (_unasked[hotkey] = _unasked.GetValueOrDefault(hotkey) + 1) > UnaskedMax;
    }

    /// <summary>Miners answer validators only, and a round in which they refuse would be held against them.</summary>
    private string? WhyWait(JsonNode subnet, JsonNode metagraph, int own) =>
        own < 0 ? $"{options.Hotkey} has no uid in subnet {options.Netuid}: 'depin subnet register {options.Netuid}' buys one"
        : (bool)metagraph["validatorPermit"]![own]! && (long)metagraph["stake"]![own]! > 0 ? null
        : $"uid {own} has no permit with stake: the {subnet["hyperparameters"]!["maxValidators"]} largest stakes ('depin stake add') count from when the epoch ends at block {subnet["nextEpochBlock"]}";

    /// <summary>Says what is waited for, not once a round.</summary>
    private void Wait(string what)
    {
        if (_waited != what)
        {
            _waited = what;
            say(new JsonObject { ["event"] = "waiting", ["problem"] = what });
        }
    }

    /// <summary>What went wrong with whom; null when all answered. At most as many as were asked.</summary>
    private static JsonObject? Problems(MinerAnswer[] heard) => heard.Any(static h => h.Problem is not null)
        ? new JsonObject(heard.Where(static h => h.Problem is not null).GroupBy(static h => h.Problem!, StringComparer.Ordinal)
            .Select(static g => KeyValuePair.Create<string, JsonNode?>(g.Key, string.Join(' ', g.Select(static h => string.Create(CultureInfo.InvariantCulture, $"uid {h.Answer.Uid}"))))))
        : null;

    /// <summary>Who is asked this time: all, or as many as wished, drawn evenly.</summary>
    private List<MinerAddress> Choose(JsonNode metagraph, int count, int own)
    {
        MinerAddress[] known = [.. Enumerable.Range(0, count).Where(uid => uid != own).Select(uid => AddressOf(metagraph, uid)).OfType<MinerAddress>()];
        RandomNumberGenerator.Shuffle(known.AsSpan());
        return [.. known.Take(options.Sample)];
    }

    /// <summary>Where a uid answers; null for nowhere.</summary>
    private static MinerAddress? AddressOf(JsonNode metagraph, int uid) =>
        metagraph["axons"]![uid] is { } axon && (string?)axon["endpoint"] is { Length: > 0 } endpoint ? new MinerAddress(uid, endpoint, axon["node"] is not null) : null;

    private async Task WeightsAsync(JsonNode subnet, JsonNode metagraph, string[] hotkeys, int own, ScoreBook book)
    {
        var rules = subnet["hyperparameters"]!;
        if (_memory.UnderWay is { } underWay)
        {
            await ContinueAsync(underWay, (long)subnet["epoch"]!);
            return;
        }

        var block = (long)subnet["block"]!;
        var every = Math.Max(options.WeightsEvery, (long)rules["weightsRateLimit"]!);
        var last = (long)metagraph["lastUpdate"]![own]!;
        if (block - Math.Max(_memory.LastWeightsBlock, last) < every)
        {
            return;
        }

        var (earners, earned) = book.Weights(hotkeys, own);
        if (earners.Length == 0)
        {
            Wait("no miner has earned weights yet");
            return;
        }

        var fitted = WeightFitting.Fit(earners, earned, own, hotkeys.Length, (int)rules["minAllowedWeights"]!, (ushort)rules["maxWeightsLimit"]!);
        var salt = (bool)rules["commitRevealWeights"]! ? Enumerable.Range(0, 8).Select(static _ => BitConverter.ToUInt16(RandomNumberGenerator.GetBytes(2))).ToArray() : null;
        var weights = new WeightsToSet(options.Hotkey, fitted.Uids, fitted.Values, (ulong)rules["weightsVersion"]!);
        Remember(_memory with { LastWeightsBlock = block, UnderWay = new WeightsUnderWay(weights, RequestSigner.NewIdempotencyKey(), salt, null) });
        await ContinueAsync(_memory.UnderWay!, (long)subnet["epoch"]!);
    }

    /// <summary>Sends what is written down; a definite no drops it, an unknown outcome keeps it for the next round under the same key.</summary>
    private async Task ContinueAsync(WeightsUnderWay underWay, long epoch)
    {
        try
        {
            if (underWay.Salt is not { } salt)
            {
                await _api.SetWeightsAsync(underWay.Weights, underWay.Key);
                Done("weights", underWay);
            }
            else if (underWay.RevealEpoch is not { } due)
            {
                var committed = await _api.CommitWeightsAsync(options.Hotkey, HashOf(underWay.Weights, salt), underWay.Key);
                Remember(_memory with { UnderWay = underWay with { RevealEpoch = (long)committed["revealEpoch"]!, Key = RequestSigner.NewIdempotencyKey() } });
                say(new JsonObject { ["event"] = "committed", ["revealEpoch"] = (long)committed["revealEpoch"]! });
            }
            else if (epoch >= due)
            {
                await _api.RevealWeightsAsync(underWay.Weights, salt, underWay.Key);
                Done("revealed", underWay);
            }
        }
        catch (ApiException refused) when (!refused.OutcomeUnknown)
        {
            Remember(_memory with { UnderWay = null });
            say(new JsonObject { ["event"] = "refused", ["code"] = refused.Code, ["problem"] = refused.Message });
        }
    }

    private void Done(string what, WeightsUnderWay underWay)
    {
        Remember(_memory with { UnderWay = null });
        say(new JsonObject { ["event"] = what, ["uids"] = new JsonArray([.. underWay.Weights.Uids.Select(static u => JsonValue.Create(u))]), ["values"] = new JsonArray([.. underWay.Weights.Values.Select(static v => JsonValue.Create(v))]) });
    }

    private string HashOf(WeightsToSet weights, IReadOnlyList<ushort> salt) => CommitReveal.HashOf(
        SHA256.HashData(Encoding.UTF8.GetBytes(options.Hotkey)), (ushort)options.Netuid, [.. weights.Uids], [.. weights.Values], [.. salt], weights.VersionKey);

    private void Remember(ValidatorMemory memory)
    {
        file.Save(memory);
        _memory = memory;
    }

    private static IChallengeTask TaskOf(string name) => ValidatorRunCommand.Tasks.TryGetValue(name, out var task) ? task : throw new ApiException("validator.task_unknown", $"the subnet's task is {name}; this validator knows {string.Join(' ', ValidatorRunCommand.Tasks.Keys)}");
}
