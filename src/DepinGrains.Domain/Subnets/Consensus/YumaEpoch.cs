using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>
/// Yuma consensus, one epoch of one subnet: stake, weights and bonds in; incentive, dividends, emission and new bonds out. Integers only, bit for bit the chain's results.
/// Source: subtensor a13316c42 (2024-04-15) <c>epoch.rs:350 epoch()</c>, docs/consensus.md; Yuma3 as of 14bc6f9f9 (2026-06-30). Steps are numbered as in reference/bittensor.md, section 1.
/// </summary>
public static partial class YumaEpoch
{
    /// <summary>Runs an epoch; the same inputs give the same outcome on any machine.</summary>
    /// <param name="inputs">The subnet.</param>
    /// <param name="parameters">Its hyperparameters.</param>
    /// <param name="emission">What the epoch may pay, rao.</param>
    /// <param name="workspace">Scratch memory, reused from call to call.</param>
    /// <returns>The outcome, or what <see cref="EpochInputs.Checked"/> and <see cref="EpochParameters.Checked"/> refuse.</returns>
    public static Result<EpochOutcome> Run(EpochInputs inputs, EpochParameters parameters, ulong emission, EpochWorkspace workspace)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(workspace);
        if (parameters.Checked() is { IsOk: false } wrong)
        {
            return wrong.Refusal;
        }

        if (inputs.Checked() is { IsOk: false } misshapen)
        {
            return misshapen.Refusal;
        }

        workspace.Prepare(inputs.Count, inputs.Weights.Count, inputs.Bonds.Count);
        NormalizeStake(inputs.Stakes, workspace.Stake);
        var permits = NewPermits(workspace.Stake, workspace.Order, parameters);
        var active = ActivateStake(inputs, parameters, workspace);
        LoadWeights(inputs, workspace);
        Project(workspace, workspace.Weights, workspace.Preranks);
        FindConsensus(parameters, workspace);
        Clip(workspace);
        Project(workspace, workspace.Clipped, workspace.Ranks);
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            workspace.Trust[uid] = workspace.Preranks[uid] == 0 ? 0 : Q32.Div(workspace.Ranks[uid], workspace.Preranks[uid]);
        }

        Q32.Normalize(workspace.Ranks);
        BlendBondWeights(parameters, workspace);
        if (parameters.Version == YumaVersion.Yuma3)
        {
            MoveBondsAlone(inputs, parameters, workspace);
            PayByBondAndStake(workspace);
        }
        else
        {
            MoveBonds(inputs, parameters, workspace);
            PayByBond(workspace);
        }

        Q32.Normalize(workspace.Dividends);
        var bonds = StoreBonds(inputs, permits, parameters, workspace);
        return Outcome(active, permits, bonds, emission, workspace);
    }

    /// <summary>Which of <paramref name="stakes"/> (rao) get one of <paramref name="count"/> permits: the largest shares, of equal ones the highest uid.</summary>
    public static bool[] Permits(ReadOnlySpan<ulong> stakes, int count)
    {
        var shares = new long[stakes.Length];
        NormalizeStake(stakes, shares);
        return FixedVector.TopK(shares, count);
    }

    /// <summary>Step 2: shares in I64F64, truncated to I32F32; a rao of 21 million TAO becomes 0.</summary>
    private static void NormalizeStake(ReadOnlySpan<ulong> stakes, Span<long> shares)
    {
        UInt128 total = 0;
        foreach (var stake in stakes)
        {
            total += stake;
        }

        for (var uid = 0; uid < stakes.Length && total != 0; uid++)
        {
            shares[uid] = (long)(((UInt128)stakes[uid] << 32) / total);
        }
    }

    /// <summary>Step 3: share and uid in one key, so that a plain sort is the reference's stable one.</summary>
    private static bool[] NewPermits(Span<long> stake, ulong[] order, EpochParameters parameters)
    {
        var permits = new bool[stake.Length];
        for (var uid = 0; uid < stake.Length; uid++)
        {
            order[uid] = ((ulong)stake[uid] << 16) | (uint)uid;
        }

        order.AsSpan(0, stake.Length).Sort();
        for (var at = Math.Max(0, stake.Length - parameters.MaxValidators); at < stake.Length; at++)
        {
            var uid = (ushort)order[at];
            permits[uid] = parameters.ZeroStakePermits || stake[uid] > 0;
        }

        return permits;
    }

    /// <summary>Steps 1 and 4: stake that votes.</summary>
    private static bool[] ActivateStake(EpochInputs inputs, EpochParameters parameters, EpochWorkspace workspace)
    {
        var active = new bool[inputs.Count];
        for (var uid = 0; uid < inputs.Count; uid++)
        {
            active[uid] = (UInt128)inputs.LastUpdate[uid] + parameters.ActivityCutoff >= inputs.Block;
            workspace.ActiveStake[uid] = active[uid] && inputs.Permits[uid] ? workspace.Stake[uid] : 0;
        }

        Q32.Normalize(workspace.ActiveStake);
        return active;
    }

    /// <summary>Steps 12 to 14: shares of the emission, and what is stored.</summary>
    private static EpochOutcome Outcome(bool[] active, bool[] permits, SparseRows bonds, ulong emission, EpochWorkspace workspace)
    {
        var count = active.Length;
        var incentive = workspace.Ranks;
        var dividends = workspace.Dividends;
        var combined = workspace.Combined;
        var sum = Q32.Sum(incentive) + Q32.Sum(dividends);
        var byStake = sum != 0 ? default : workspace.ActiveStake.ContainsAnyExcept(0L) ? workspace.ActiveStake : workspace.Stake;
        var (total, server, validator) = (new ulong[count], new ulong[count], new ulong[count]);
        var paid = 0UL;
        for (var uid = 0; uid < count; uid++)
        {
            // Without any rank the epoch pays by stake: nobody mined, nobody agreed.
            combined[uid] = sum == 0 ? byStake[uid] : Q32.Div(incentive[uid] + dividends[uid], sum);
            total[uid] = Share(combined[uid], emission);
            server[uid] = sum == 0 ? 0 : Share(Q32.Div(incentive[uid], sum), emission);
            validator[uid] = sum == 0 ? total[uid] : Share(Q32.Div(dividends[uid], sum), emission);
            paid += total[uid];
        }

        return new EpochOutcome
        {
            Active = active, NewPermits = permits, Bonds = bonds, Rank = Stored(incentive), Trust = Stored(workspace.Trust), Consensus = Stored(workspace.Consensus),
            Incentive = Stored(incentive), Dividends = Stored(dividends), ValidatorTrust = Stored(workspace.ValidatorTrust), PruningScores = FixedVector.MaxUpscale(combined),
            Emission = total, ServerEmission = server, ValidatorEmission = validator, Dust = emission - paid,
        };
    }

    private static ulong Share(long share, ulong emission) => (ulong)(((UInt128)(ulong)share * emission) >> 32);

    private static ushort[] Stored(ReadOnlySpan<long> values)
    {
        var stored = new ushort[values.Length];
        for (var i = 0; i < stored.Length; i++)
        {
            stored[i] = Q32.ToU16(values[i]);
        }

        return stored;
    }
}
