namespace DepinGrains.Grains.Ledgers;

/// <summary>What operators may bring into being.</summary>
public sealed class IssuanceOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Issuance";

    /// <summary>Most minor units in one UTC day by denomination, e.g. <c>Issuance:DayMax:uakt</c>. A token that is not named cannot be issued.</summary>
    public IDictionary<string, long> DayMax { get; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>What is wrong, or null.</summary>
    public string? Problem() => DayMax.Where(static d => d.Value < 0).Select(static d => d.Key).FirstOrDefault();
}
