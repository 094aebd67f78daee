using System.Diagnostics.Metrics;

namespace DepinGrains.Grains.Staking;

/// <summary>What staking and inflation tell operators; every instrument carries <c>token</c>.</summary>
public sealed class StakingMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Staking";

    private readonly Counter<long> _moves;
    private readonly Counter<long> _amounts;
    private readonly Counter<long> _epochs;
    private readonly Counter<long> _minted;

    public StakingMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _moves = meter.CreateCounter<long>("depin.stake.moves", "{move}", "Movements of stake, by step: add, remove, leave, arrive, return, cancel, exit");
        _amounts = meter.CreateCounter<long>("depin.stake.moved", "{unit}", "Minor units moved, by step");
        _epochs = meter.CreateCounter<long>("depin.inflation.epochs", "{epoch}", "Epochs of inflation paid");
        _minted = meter.CreateCounter<long>("depin.inflation.minted", "{unit}", "Minor units minted for stakers and the community pool");
    }

    internal void Moved(string token, StakeStep step, long amount)
    {
        var (tag, name) = (new KeyValuePair<string, object?>("token", token), new KeyValuePair<string, object?>("step", step.ToString().ToLowerInvariant()));
        _moves.Add(1, tag, name);
        _amounts.Add(amount, tag, name);
    }

    internal void Inflated(string token, long minted)
    {
        var tag = new KeyValuePair<string, object?>("token", token);
        _epochs.Add(1, tag);
        _minted.Add(minted, tag);
    }
}
