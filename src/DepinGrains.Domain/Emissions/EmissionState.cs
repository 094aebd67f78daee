namespace DepinGrains.Domain.Emissions;

/// <summary>What emission needs to know.</summary>
/// <param name="Issuance">Rao issued and not recycled.</param>
/// <param name="Latched">
/// Null: the rule of the chain, emission follows issuance alone, so that recycling back below a threshold doubles it again until the threshold is crossed once more.
/// A number: the most halvings ever reached; emission never rises again (a network's choice at its creation).
/// </param>
public sealed record EmissionState(long Issuance, int? Latched = null)
{
    /// <summary>The state of a new network.</summary>
    public static EmissionState Genesis(bool latch) => new(0, latch ? 0 : null);

    /// <summary>Halvings in force.</summary>
    public int Halvings => Math.Max(TaoEmission.Halvings((ulong)Issuance), Latched ?? 0);

    /// <summary>Rao of the next block.</summary>
    public long PerBlock => TaoEmission.OfStage(Halvings);

    /// <summary>After rao came back (registration, swap); more than was issued is a bug of the caller.</summary>
    public EmissionState Recycle(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, Issuance);
        return this with { Issuance = Issuance - amount };
    }

    /// <summary>After rao were issued: a block's whole emission, or what an epoch paid of it (the rest stays unissued).</summary>
    public EmissionState Issue(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, TaoEmission.Cap - Issuance);
        var issued = this with { Issuance = Issuance + amount };
        return Latched is null ? issued : issued with { Latched = issued.Halvings };
    }
}
