using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Reminders;

/// <summary>Keeps reminders over restarts. A call that returns is durable.</summary>
public interface IReminderStore
{
    /// <summary>All reminders; read once, at start.</summary>
    Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Adds or replaces one.</summary>
    Task PutAsync(ReminderEntry entry);

    /// <summary>Removes one; not being there is no error.</summary>
    Task RemoveAsync(GrainId grain, string name);
}
