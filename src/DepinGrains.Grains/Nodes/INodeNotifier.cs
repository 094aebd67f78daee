namespace DepinGrains.Grains.Nodes;

/// <summary>
/// Tells whoever is interested in this process that a node changed. Only a hint for speed: what a listener misses it learns from a beat's answer.
/// Called after the commit; listeners return at once and never throw.
/// </summary>
public interface INodeNotifier
{
    /// <summary>The desired state of a node has a new generation.</summary>
    void GenerationChanged(string node, long generation);

    /// <summary>The node has a newer session, or none is welcome any more (retired): older connections end.</summary>
    void SessionChanged(string node, long session, bool retired);

    /// <summary>Starts listening; dispose to stop.</summary>
    IDisposable Listen(INodeListener listener);
}

/// <summary>Hears the hints of <see cref="INodeNotifier"/>.</summary>
public interface INodeListener
{
    /// <summary>See <see cref="INodeNotifier.GenerationChanged"/>.</summary>
    void GenerationChanged(string node, long generation);

    /// <summary>See <see cref="INodeNotifier.SessionChanged"/>.</summary>
    void SessionChanged(string node, long session, bool retired);
}
