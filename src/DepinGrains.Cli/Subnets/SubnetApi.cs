using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Cli.Subnets.Mining;

namespace DepinGrains.Cli.Subnets;

/// <summary>The part of the subnets' API that miners and validators use.</summary>
internal sealed class SubnetApi(Session session, int netuid)
{
    private readonly string _base = $"/v1/subnets/{netuid}";

    public int Netuid => netuid;

    /// <summary>The subnet: name, task, epoch, hyperparameters.</summary>
    public Task<JsonNode> GetAsync() => session.GetAsync(_base);

    /// <summary>Columns of the metagraph.</summary>
    public Task<JsonNode> MetagraphAsync(string fields) => session.GetAsync($"{_base}/metagraph?fields={fields}");

    /// <summary>Announces where a hotkey answers, and through whose tunnel.</summary>
    public Task<JsonNode> ServeAxonAsync(string hotkey, string endpoint, MinerWay way, IReadOnlyList<string> models) =>
        session.PostAsync($"{_base}/axon", new { hotkey, endpoint, way.Node, way.Lease, way.Replica, models, version = 1 });

    /// <summary>Sets weights under one idempotency key.</summary>
    public Task<JsonNode> SetWeightsAsync(WeightsToSet weights, string key) => session.PostAsync($"{_base}/weights", weights, key);

    /// <summary>Promises weights.</summary>
    public Task<JsonNode> CommitWeightsAsync(string hotkey, string hash, string key) => session.PostAsync($"{_base}/weights/commit", new { hotkey, hash }, key);

    /// <summary>Shows what was promised.</summary>
    public Task<JsonNode> RevealWeightsAsync(WeightsToSet weights, IReadOnlyList<ushort> salt, string key) =>
        session.PostAsync($"{_base}/weights/reveal", new { weights.Hotkey, weights.Uids, weights.Values, weights.VersionKey, salt }, key);
}

/// <summary>Weights as the API takes them.</summary>
internal sealed record WeightsToSet(string Hotkey, IReadOnlyList<ushort> Uids, IReadOnlyList<ushort> Values, ulong VersionKey);
