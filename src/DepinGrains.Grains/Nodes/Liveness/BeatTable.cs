using System.Runtime.InteropServices;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>What the table thinks of a node.</summary>
internal enum BeatState : byte
{
    /// <summary>Beats in time.</summary>
    Alive,

    /// <summary>Late; the node was told so.</summary>
    Suspect,

    /// <summary>Silent for too long; the node grain is being told.</summary>
    Dying,

    /// <summary>Declared dead, retired or unknown to its grain: this session is not welcome any more.</summary>
    Gone,
}

/// <summary>
/// The nodes of one shard with a timer wheel. A beat is one look-up and a few stores: the node stays where it hangs in the wheel, and only when its slot comes round
/// is it looked at and hung up again where its next deadline lies. Times are milliseconds of the shard's own clock. Not thread-safe; no clock, no I/O.
/// </summary>
internal sealed class BeatTable(int tickMs, int suspectIntervals, int deadIntervals)
{
    private const int None = -1;
    private const int WheelSlots = 4_096;

    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly int[] _wheel = NewWheel();
    private Entry[] _entries = new Entry[64];
    private int _used;
    private long _tick;

    /// <summary>Nodes in the table, the gone ones included.</summary>
    public int Count => _used;

    /// <summary>Nodes whose beats are expected.</summary>
    public int Watched { get; private set; }

    /// <summary>Where a node is, or -1.</summary>
    public int Find(string node) => _index.TryGetValue(node, out var at) ? at : None;

    /// <summary>An entry by its place; the reference ends with the next <see cref="Add"/>.</summary>
    public ref Entry this[int at] => ref _entries[at];

    /// <summary>Adds a node, alive as of now.</summary>
    public int Add(string node, long session, long generation, int intervalMs, long now)
    {
        if (_used == _entries.Length)
        {
            Array.Resize(ref _entries, _used * 2);
        }

        var at = _used++;
        _index.Add(node, at);
        _entries[at] = new Entry { Node = node, Session = session, Generation = generation, IntervalMs = intervalMs, LastBeat = now, Next = None, State = BeatState.Alive };
        Watched++;
        Hang(at, now);
        return at;
    }

    /// <summary>Starts watching again with a (newer) session.</summary>
    public void Revive(int at, long session, long generation, int intervalMs, long now)
    {
        ref var entry = ref _entries[at];
        if (entry.State == BeatState.Gone)
        {
            Watched++;
        }

        (entry.Session, entry.Generation, entry.IntervalMs, entry.LastBeat, entry.State) = (session, generation, intervalMs, now, BeatState.Alive);
        if (!entry.Hanging)
        {
            Hang(at, now);
        }
    }

    /// <summary>Says at which interval all were told to beat.</summary>
    public void SetIntervals(int intervalMs)
    {
        for (var at = 0; at < _used; at++)
        {
            _entries[at].IntervalMs = intervalMs;
        }
    }

    /// <summary>Stops watching; beats of sessions up to this one are not welcome.</summary>
    public void Bury(int at)
    {
        if (_entries[at].State != BeatState.Gone)
        {
            _entries[at].State = BeatState.Gone;
            Watched--;
        }
    }

    /// <summary>Turns the wheel up to now and gathers the places of those that became late (<see cref="BeatState.Suspect"/>) or dead (<see cref="BeatState.Dying"/>).</summary>
    public void Turn(long now, List<int> late, List<int> dead)
    {
        var until = now / tickMs;
        // A wheel that stood still for a whole round needs one round, not one per missed round.
        var from = Math.Max(_tick, until - WheelSlots + 1);
        _tick = Math.Max(_tick, until + 1);
        for (var tick = from; tick <= until; tick++)
        {
            var slot = (int)(tick % WheelSlots);
            var at = _wheel[slot];
            _wheel[slot] = None;
            while (at != None)
            {
                ref var entry = ref _entries[at];
                var next = entry.Next;
                entry.Hanging = false;
                Visit(at, ref entry, now, late, dead);
                at = next;
            }
        }
    }

    private void Visit(int at, ref Entry entry, long now, List<int> late, List<int> dead)
    {
        if (entry.State is BeatState.Gone or BeatState.Dying)
        {
            return;
        }

        var silent = now - entry.LastBeat;
        if (silent >= (long)entry.IntervalMs * deadIntervals)
        {
            entry.State = BeatState.Dying;
            dead.Add(at);
            return;
        }

        if (silent >= (long)entry.IntervalMs * suspectIntervals && entry.State == BeatState.Alive)
        {
            entry.State = BeatState.Suspect;
            late.Add(at);
        }

        Hang(at, now);
    }

    /// <summary>Hangs an entry where its next deadline lies.</summary>
    public void Hang(int at, long now)
    {
        ref var entry = ref _entries[at];
        var intervals = entry.State == BeatState.Alive ? suspectIntervals : deadIntervals;
        var deadline = entry.LastBeat + ((long)entry.IntervalMs * intervals);
        var tick = Math.Max((deadline + tickMs - 1) / tickMs, Math.Max(_tick, (now / tickMs) + 1));

        // Beyond the wheel's round it is looked at once a round and hung up again.
        var slot = (int)(Math.Min(tick, _tick + WheelSlots - 2) % WheelSlots);
        (entry.Next, entry.Hanging) = (_wheel[slot], true);
        _wheel[slot] = at;
    }

    private static int[] NewWheel()
    {
        var wheel = new int[WheelSlots];
        Array.Fill(wheel, None);
        return wheel;
    }

    /// <summary>One node.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal struct Entry
    {
        public string Node;
        public long Session;
        public long Generation;
        public long LastBeat;
        public int IntervalMs;
        public int Next;
        public BeatState State;
        public bool Hanging;

        /// <summary>The node grain was told "suspect" and not yet that its beats are back.</summary>
        public bool ToldSuspect;

        /// <summary>It was told something and did not answer: whatever it is now, it must be told again.</summary>
        public bool ToldUnsure;

        /// <summary>Waits to be told to the node grain, or is being told.</summary>
        public bool Telling;

        /// <summary>Known from a beat alone; the row was not looked at yet.</summary>
        public bool Unverified;

        /// <summary>True when the node grain may believe something else than the table.</summary>
        public readonly bool MustBeTold => ToldUnsure || (State == BeatState.Suspect) != ToldSuspect;
    }
}
