using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Network;

/// <summary>How network parameters reach every process.</summary>
public sealed class ParameterOptions : IValidatableObject
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Parameters";

    /// <summary>How old a process's copy may be when it is asked.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Earliest effect of a change, from when it is made: longer than <see cref="RefreshAfter"/> and clocks' differences, so that no process answers with the old value once the new one holds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan Notice { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most changes kept.</summary>
    [Range(100, 1_000_000)]
    public int ChangesMax { get; set; } = 100_000;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Notice < RefreshAfter)
        {
            yield return new ValidationResult($"{Section}:Notice must be at least {Section}:RefreshAfter", [nameof(Notice)]);
        }
    }
}
