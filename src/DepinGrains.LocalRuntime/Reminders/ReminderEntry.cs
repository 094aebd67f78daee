using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Reminders;

/// <summary>A stored reminder; grain and name are its key.</summary>
/// <param name="Grain">The grain it wakes.</param>
/// <param name="Name">Unique within the grain.</param>
/// <param name="StartAt">When it was first due, UTC.</param>
/// <param name="Period">From tick to tick.</param>
public sealed record ReminderEntry(GrainId Grain, string Name, DateTime StartAt, TimeSpan Period);
