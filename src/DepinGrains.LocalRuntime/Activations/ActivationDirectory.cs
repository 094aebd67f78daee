using System.Collections.Concurrent;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>Which activation serves a grain now.</summary>
internal sealed class ActivationDirectory(GrainEngine engine)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _single = new();
    private readonly ConcurrentDictionary<GrainId, List<Activation>> _workers = new();

    internal int Count => _single.Count + _workers.Sum(w => w.Value.Count);

    /// <summary>All, in the order of their identities, so that what is done with them has an order.</summary>
    internal List<Activation> All()
    {
        var all = _single.Values.ToList();
        foreach (var pool in _workers.Values)
        {
            lock (pool)
            {
                all.AddRange(pool);
            }
        }

        all.Sort(static (a, b) => a.GrainId.CompareTo(b.GrainId));
        return all;
    }

    internal IEnumerable<Activation> Unordered() => _workers.IsEmpty ? _single.Select(static p => p.Value) : All();

    internal Activation GetOrCreate(GrainClass grainClass, GrainId grainId) =>
        grainClass.MaxWorkers > 0
            ? Worker(grainClass, grainId)
            : _single.TryGetValue(grainId, out var known)
                ? known
                : _single.GetOrAdd(grainId, static (id, s) => new Activation(s.engine, s.grainClass, id), (engine, grainClass));

    internal Activation? Find(GrainId grainId) => _single.GetValueOrDefault(grainId);

    /// <summary>Forgets an activation; true when it was the one that served.</summary>
    internal bool Remove(Activation activation)
    {
        if (activation.Class.MaxWorkers == 0)
        {
            return _single.TryRemove(new KeyValuePair<GrainId, Activation>(activation.GrainId, activation));
        }

        if (!_workers.TryGetValue(activation.GrainId, out var pool))
        {
            return false;
        }

        lock (pool)
        {
            return pool.Remove(activation);
        }
    }

    /// <summary>Puts a new activation with the calls left over in the place of one that has ended.</summary>
    internal void Succeed(Activation ended, RequestList rest)
    {
        if (rest.Count == 0)
        {
            Remove(ended);
            return;
        }

        if (ended.Class.MaxWorkers == 0)
        {
            var successor = new Activation(engine, ended.Class, ended.GrainId);
            successor.Inherit(rest);
            if (_single.TryUpdate(ended.GrainId, successor, ended))
            {
                successor.Wake();
                return;
            }

            // Another activation serves already (this one was a stale double): hand it the calls.
            rest = successor.TakeWaiting();
        }

        Remove(ended);
        for (var request = rest.First; request is not null;)
        {
            var next = request.Next;
            engine.Deliver(request, ended.Class, ended.GrainId);
            request = next;
        }
    }

    private Activation Worker(GrainClass grainClass, GrainId grainId)
    {
        var pool = _workers.GetOrAdd(grainId, static _ => []);
        lock (pool)
        {
            var best = pool.MinBy(static a => a.Load);
            if (best is null || (best.Load > 0 && pool.Count < grainClass.MaxWorkers))
            {
                best = new Activation(engine, grainClass, grainId);
                pool.Add(best);
            }

            return best;
        }
    }
}
