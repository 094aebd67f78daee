using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <content>Tells node grains what became of their beats, a bounded number at a time, without holding up the beats of others.</content>
public sealed partial class LivenessShardGrain
{
    private readonly Queue<int> _toTell = [];
    private readonly List<int> _again = [];
    private int _tellsInFlight;

    private void Tell(int at)
    {
        if (!_table[at].Telling)
        {
            _table[at].Telling = true;
            _toTell.Enqueue(at);
        }
    }

    private void Pump()
    {
        while (_tellsInFlight < _options.TellAtOnce && _toTell.TryDequeue(out var at))
        {
            _tellsInFlight++;

            // Not awaited: it goes on between this activation's turns and reports back through the table.
            _ = TellAsync(at);
        }
    }

    private async Task TellAsync(int at)
    {
        var (node, session, state) = (_table[at].Node, _table[at].Session, _table[at].State);
        try
        {
            var since = time.GetUtcNow() - TimeSpan.FromMilliseconds(_now - _table[at].LastBeat);
            if (state == BeatState.Dying)
            {
                // Refused: it has a newer session, which the row or its beats bring here.
                await GrainFactory.GetGrain<INodeGrain>(node).MarkOfflineAsync(session, since);
                metrics.Died();
                if (_table[at].Session == session)
                {
                    _table.Bury(at);
                }
            }
            else if (state != BeatState.Gone && _table[at].MustBeTold)
            {
                // Until it answers nobody knows what it believes.
                _table[at].ToldUnsure = true;
                await GrainFactory.GetGrain<INodeGrain>(node).MarkSuspectAsync(session, state == BeatState.Suspect, since);
                if (_table[at].Session == session)
                {
                    (_table[at].ToldSuspect, _table[at].ToldUnsure) = (state == BeatState.Suspect, false);
                }
            }
        }
        catch (Exception problem)
        {
            LogTellFailed(Index, node, problem);
        }

        _tellsInFlight--;
        Told(at, session, state);
        Pump();
    }

    /// <summary>Goes on watching after a failed "dead", and notices what changed while the node was told.</summary>
    private void Told(int at, long session, BeatState told)
    {
        ref var entry = ref _table[at];
        entry.Telling = false;
        if (told == BeatState.Dying && entry.State == BeatState.Dying && entry.Session == session)
        {
            entry.State = BeatState.Suspect;
            _table.Hang(at, _now);
        }
        else if (entry.State == BeatState.Dying || (entry.State is BeatState.Alive or BeatState.Suspect && entry.MustBeTold))
        {
            // Not at once: while the store is away that would be a busy loop.
            _again.Add(at);
        }
    }
}
