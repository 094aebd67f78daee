namespace DepinGrains.Storage.Journal;

/// <summary>
/// Writers of this process whose append was fenced or lost: their later appends are refused without a look, so that batch n + 1 of a stale activation cannot land on
/// another writer's batch n. Remembers the newest 4,096; a reloaded activation comes with a new writer id.
/// </summary>
internal sealed class FencedWriters
{
    private const int Most = 4_096;
    private readonly object _gate = new();
    private readonly HashSet<(string Token, string Writer)> _fenced = [];
    private readonly Queue<(string Token, string Writer)> _order = new();

    public void Add(string token, ReadOnlySpan<byte> writerId)
    {
        var entry = (token, Convert.ToHexStringLower(writerId));
        lock (_gate)
        {
            if (!_fenced.Add(entry))
            {
                return;
            }

            _order.Enqueue(entry);
            if (_order.Count > Most)
            {
                _fenced.Remove(_order.Dequeue());
            }
        }
    }

    public bool Contains(string token, ReadOnlySpan<byte> writerId)
    {
        lock (_gate)
        {
            return _fenced.Count > 0 && _fenced.Contains((token, Convert.ToHexStringLower(writerId)));
        }
    }
}
