using DepinGrains.Domain.Oracle;

namespace DepinGrains.Grains.Oracle;

/// <summary>Prices a network starts with.</summary>
public sealed class OracleOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Oracle";

    /// <summary>US dollars per whole token by denomination. In force only while no feeder has ever posted for that token: for one machine, not for a network.</summary>
    public IDictionary<string, string> Seed { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What is wrong, or null.</summary>
    public string? Problem() => Seed.FirstOrDefault(static s => !PriceFeed.TryParse(s.Value, out _)).Key;
}
