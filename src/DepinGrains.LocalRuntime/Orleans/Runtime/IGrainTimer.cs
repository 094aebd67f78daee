namespace Orleans.Runtime;

/// <summary>A running grain timer; disposing it stops it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets the time to the next tick and the period anew.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}
