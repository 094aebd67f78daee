using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Emissions;

/// <summary>A moment of a simulation.</summary>
/// <param name="Block">Blocks from its start.</param>
/// <param name="Issuance">Rao.</param>
/// <param name="Halvings">In force after the block.</param>
/// <param name="PerBlock">Rao of the next block.</param>
/// <param name="Emitted">Rao since the start.</param>
/// <param name="Recycled">Rao since the start.</param>
/// <param name="IsHalving">Whether this stage is reached here for the first time; otherwise the moment is a year's end.</param>
public sealed record EmissionMoment(long Block, long Issuance, int Halvings, long PerBlock, long Emitted, long Recycled, bool IsHalving);

/// <summary>Emission over years with constant recycling: every year's end and every first halving.</summary>
public static class EmissionSimulation
{
    /// <summary>Blocks of a year of 365 days.</summary>
    public const long BlocksPerYear = 365 * TaoEmission.BlocksPerDay;

    /// <summary>Most years.</summary>
    public const int YearsMax = 1000;

    /// <summary>Simulates; the last moment is the last year's end.</summary>
    /// <param name="state">The start.</param>
    /// <param name="years">1…<see cref="YearsMax"/>.</param>
    /// <param name="recyclePerBlock">Rao.</param>
    /// <returns>Moments in order, or what <see cref="EmissionSettlement.Settle"/> refuses, or <c>emission.years_invalid</c>.</returns>
    public static Result<ImmutableArray<EmissionMoment>> Run(EmissionState state, int years, long recyclePerBlock)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (years is < 1 or > YearsMax)
        {
            return Refusal.Of("emission.years_invalid", $"{years} years; 1…{YearsMax}", ("years", years));
        }

        var moments = ImmutableArray.CreateBuilder<EmissionMoment>();
        var (block, emitted, recycled, reached) = (0L, 0L, 0L, state.Halvings);
        for (var year = 1; year <= years;)
        {
            // A halving already passed and undone by recycling is no event: the date of the next new one counts.
            var left = (year * BlocksPerYear) - block;
            var halving = state.Halvings < reached ? null : HalvingForecast.DateOf(state, recyclePerBlock).Blocks;
            var isHalving = state.PerBlock > 0 && halving <= left;
            var settled = EmissionSettlement.Settle(state, isHalving ? halving!.Value : left, recyclePerBlock);
            if (!settled.IsOk)
            {
                return settled.Refusal;
            }

            block += isHalving ? halving!.Value : left;
            (state, emitted, recycled) = (settled.Value.State, emitted + settled.Value.Emitted, recycled + settled.Value.Recycled);
            isHalving &= state.Halvings > reached;
            reached = Math.Max(reached, state.Halvings);
            var yearEnds = block == year * BlocksPerYear;
            if (isHalving || yearEnds)
            {
                moments.Add(new EmissionMoment(block, state.Issuance, state.Halvings, state.PerBlock, emitted, recycled, isHalving));
                year += yearEnds ? 1 : 0;
            }
        }

        return moments.DrainToImmutable();
    }
}
