using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Reminders;

/// <summary>Reminders that last as long as this object: for tests and simulations, where it outlives the runtimes it is given to.</summary>
public sealed class InMemoryReminderStore : IReminderStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<(GrainId Grain, string Name), ReminderEntry> _entries = [];

    /// <inheritdoc />
    public Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<ReminderEntry>>([.. _entries.Values]);
        }
    }

    /// <inheritdoc />
    public Task PutAsync(ReminderEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_gate)
        {
            _entries[(entry.Grain, entry.Name)] = entry;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task RemoveAsync(GrainId grain, string name)
    {
        lock (_gate)
        {
            _entries.Remove((grain, name));
        }

        return Task.CompletedTask;
    }
}
