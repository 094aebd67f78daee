using DepinGrains.Domain.Escrow;

namespace DepinGrains.Grains.Network;

/// <summary>Parameters of the market with their effective times.</summary>
public sealed class NetworkParameters
{
    /// <summary>Take fees by currency.</summary>
    public TakeFeeSchedule TakeFees { get; init; } = TakeFeeSchedule.Default;

    /// <summary>The fee in basis points that holds for a currency.</summary>
    public int TakeFeeBasisPoints(string currency, DateTimeOffset at) => TakeFees.At(currency, at);
}
