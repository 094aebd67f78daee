using System.Collections.Immutable;

namespace DepinGrains.Grains.Nodes;

/// <summary>The notifier of one process.</summary>
public sealed class NodeNotifier : INodeNotifier
{
    private ImmutableArray<INodeListener> _listeners = [];

    /// <inheritdoc/>
    public void GenerationChanged(string node, long generation)
    {
        foreach (var listener in _listeners)
        {
            listener.GenerationChanged(node, generation);
        }
    }

    /// <inheritdoc/>
    public void SessionChanged(string node, long session, bool retired)
    {
        foreach (var listener in _listeners)
        {
            listener.SessionChanged(node, session, retired);
        }
    }

    /// <inheritdoc/>
    public IDisposable Listen(INodeListener listener)
    {
        ImmutableInterlocked.Update(ref _listeners, list => list.Add(listener));
        return new Registration(this, listener);
    }

    private sealed class Registration(NodeNotifier owner, INodeListener listener) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref owner._listeners, list => list.Remove(listener));
    }
}
