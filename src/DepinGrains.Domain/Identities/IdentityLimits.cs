namespace DepinGrains.Domain.Identities;

/// <summary>Bounds of one identity; rules, not settings: the same on every network.</summary>
public static class IdentityLimits
{
    /// <summary>Most valid keys.</summary>
    public const int ValidKeysMax = 64;

    /// <summary>Most keys ever, revoked ones included, since they stay listed.</summary>
    public const int KeysMax = 512;

    /// <summary>Most valid API keys.</summary>
    public const int ValidApiKeysMax = 32;

    /// <summary>Most API keys kept; the oldest revoked or expired ones make room.</summary>
    public const int ApiKeysMax = 256;

    /// <summary>Longest label or name, in characters.</summary>
    public const int TextLengthMax = 64;

    /// <summary>Longest life of an API key.</summary>
    public static readonly TimeSpan ApiKeyLifetimeMax = TimeSpan.FromDays(366);

    /// <summary>Longest life of a token.</summary>
    public static readonly TimeSpan TokenLifetimeMax = TimeSpan.FromMinutes(15);
}
