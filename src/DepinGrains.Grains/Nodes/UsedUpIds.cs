namespace DepinGrains.Grains.Nodes;

/// <summary>Ids of passing reservations that were given back: what arrives late under one of them books nothing. In memory, like the reservations; at most <paramref name="max"/>, the oldest go first.</summary>
internal sealed class UsedUpIds(int max)
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<ReleasedBooking> _oldest = new();

    public bool Contains(string id) => _ids.Contains(id);

    public void Add(string id, DateTimeOffset until, DateTimeOffset now)
    {
        while (_oldest.TryPeek(out var first) && (first.Until <= now || _oldest.Count >= max))
        {
            _ids.Remove(_oldest.Dequeue().Id);
        }

        if (_ids.Add(id))
        {
            _oldest.Enqueue(new ReleasedBooking(id, until));
        }
    }
}
