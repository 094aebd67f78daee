using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.State.Secrets;

/// <summary>Keys that seal secrets at rest. The host supplies them (a file, an environment variable, a vault); they are never stored beside the rows.</summary>
public sealed class SecretOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Secrets";

    /// <summary>Master keys, base64 of 32 bytes each. The first seals; all of them open, so that a key can be rotated.</summary>
    [Required, MinLength(1), MaxLength(16)]
    public IList<string> MasterKeys { get; } = [];
}
