namespace DepinGrains.ServiceDefaults.Health;

/// <summary>A part of the process that may be the reason why new work should go to another one. Answers from memory, at once.</summary>
public interface IReadiness
{
    /// <summary>Why not, in a few words; null when it is ready.</summary>
    string? NotReady { get; }
}
