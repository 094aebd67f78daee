namespace DepinGrains.Domain.Ledgers;

/// <summary>An open hold. <see cref="Number"/> is its place in the order of creation and breaks ties of expiry.</summary>
internal sealed class Hold(string id, int account, long expiresTicks, long number)
{
    /// <summary>Never expires.</summary>
    public const long Never = long.MaxValue;

    public string Id { get; } = id;

    public int Account { get; } = account;

    /// <summary>UTC ticks, or <see cref="Never"/>.</summary>
    public long ExpiresTicks { get; } = expiresTicks;

    public long Number { get; } = number;

    /// <summary>Minor units still set aside; may be 0 while the hold waits for a top-up.</summary>
    public long Left { get; set; }
}

/// <summary>The open holds, by id and by expiry.</summary>
internal sealed class HoldTable
{
    private readonly Dictionary<string, Hold> _byId = new(StringComparer.Ordinal);
    private readonly SortedSet<Hold> _byExpiry = new(Comparer<Hold>.Create(static (a, b) =>
        a.ExpiresTicks != b.ExpiresTicks ? a.ExpiresTicks.CompareTo(b.ExpiresTicks) : a.Number.CompareTo(b.Number)));

    public int Count => _byId.Count;

    /// <summary>Holds ever opened; the next one's number.</summary>
    public long NextNumber { get; set; }

    /// <summary>UTC ticks of the next expiry, or <see cref="Hold.Never"/>.</summary>
    public long NextExpiry => _byExpiry.Min?.ExpiresTicks ?? Hold.Never;

    /// <summary>Entries in the expiry order; the audit holds it against the table.</summary>
    public int ExpiringCount => _byExpiry.Count;

    public Hold? Find(string id) => _byId.GetValueOrDefault(id);

    public Hold Open(string id, int account, long expiresTicks)
    {
        var hold = new Hold(id, account, expiresTicks, NextNumber++);
        Add(hold);
        return hold;
    }

    public void Add(Hold hold)
    {
        _byId.Add(hold.Id, hold);
        if (hold.ExpiresTicks != Hold.Never)
        {
            _byExpiry.Add(hold);
        }
    }

    public void Close(Hold hold)
    {
        _byId.Remove(hold.Id);
        _byExpiry.Remove(hold);
    }

    /// <summary>The first hold that is over at this time, or null.</summary>
    public Hold? Due(long ticks) => _byExpiry.Min is { } first && first.ExpiresTicks <= ticks ? first : null;

    /// <summary>All open holds in the order of creation.</summary>
    public Hold[] InOrder()
    {
        var holds = _byId.Values.ToArray();
        Array.Sort(holds, static (a, b) => a.Number.CompareTo(b.Number));
        return holds;
    }
}
