namespace DepinGrains.Grains.Identities;

/// <summary>Who runs the network; section <c>Identities</c>.</summary>
public sealed class IdentityOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Identities";

    /// <summary>Key ids (<c>key_…</c>) whose identities may register with the operator role, or take it later. Standalone puts its own key here.</summary>
    public IList<string> OperatorKeys { get; } = [];

    /// <summary>Public keys kept ready for verifying in one process; at least 1.</summary>
    public int PreparedKeysMax { get; set; } = 20_000;
}
