using System.Diagnostics.Metrics;
using DepinGrains.Grains.Ledgers;

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

    public StakingMetrics(IMeterFactory meters, TokenCatalog tokens)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(tokens);
        var meter = meters.Create(MeterName);
        _moves = meter.CreateCounter<long>("depin.stake.moves", "{move}", "Movements of stake, by step: add, remove, leave, arrive, return, cancel, exit");
        _amounts = meter.CreateCounter<long>("depin.stake.moved", "{unit}", "Minor units moved, by step");
        _epochs = meter.CreateCounter<long>("depin.inflation.epochs", "{epoch}", "Epochs of inflation paid");
        _minted = meter.CreateCounter<long>("depin.inflation.minted", "{unit}", "Minor units minted for stakers and the community pool");
        foreach (var token in tokens.All.Where(static t => t.Staked))
        {
            // What never came is 0 from the start, not absent.
            Inflated(token.Denom, 0, 0);
            foreach (var step in Enum.GetValues<StakeStep>())
            {
                Moved(token.Denom, step, 0, 0);
            }
        }
    }

    internal void Moved(string token, StakeStep step, long amount, int moves = 1)
    {
        var (tag, name) = (new KeyValuePair<string, object?>("token", token), new KeyValuePair<string, object?>("step", step.ToString().ToLowerInvariant()));
        _moves.Add(moves, tag, name);
        _amounts.Add(amount, tag, name);
    }

    internal void Inflated(string token, long minted, int epochs = 1)
    {
        var tag = new KeyValuePair<string, object?>("token", token);
        _epochs.Add(epochs, tag);
        _minted.Add(minted, tag);
    }
}
