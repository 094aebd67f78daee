using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A grain that reminders may wake.</summary>
    public interface IRemindable : IGrain
    {
        /// <summary>A tick: at least once a period while the process runs, perhaps late, perhaps twice.</summary>
        Task ReceiveReminder(string reminderName, TickStatus status);

        /// <inheritdoc cref="ReceiveReminder(string, TickStatus)" />
        Task ReceiveReminder(string reminderName, TickStatus status, CancellationToken cancellationToken) => ReceiveReminder(reminderName, status);
    }
}

namespace Orleans.Runtime
{
    /// <summary>A stored reminder.</summary>
    public interface IGrainReminder
    {
        /// <summary>Unique within its grain.</summary>
        string ReminderName { get; }
    }

    /// <summary>When a reminder ticks. Times are UTC.</summary>
    public readonly struct TickStatus : IEquatable<TickStatus>
    {
        /// <summary>From its parts.</summary>
        public TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
        {
            FirstTickTime = firstTickTime;
            Period = period;
            CurrentTickTime = timeStamp;
        }

        /// <summary>When it was first due.</summary>
        public DateTime FirstTickTime { get; }

        /// <summary>From tick to tick.</summary>
        public TimeSpan Period { get; }

        /// <summary>When this tick was sent.</summary>
        public DateTime CurrentTickTime { get; }

        public static bool operator ==(TickStatus left, TickStatus right) => left.Equals(right);

        public static bool operator !=(TickStatus left, TickStatus right) => !left.Equals(right);

        /// <inheritdoc />
        public bool Equals(TickStatus other) =>
            FirstTickTime == other.FirstTickTime && Period == other.Period && CurrentTickTime == other.CurrentTickTime;

        /// <inheritdoc />
        public override bool Equals(object? obj) => obj is TickStatus other && Equals(other);

        /// <inheritdoc />
        public override int GetHashCode() => HashCode.Combine(FirstTickTime, Period, CurrentTickTime);

        /// <inheritdoc />
        public override string ToString() => $"<{FirstTickTime:O}, {Period}, {CurrentTickTime:O}>";
    }
}
