using DepinGrains.Domain.Ledgers;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// Builds the rows of entries and transfer ids behind the journal, in order. What it writes follows from the journal alone, and the position moves in the same transaction,
/// so two activations may try and one wins. Ids and entries stay in memory until their rows are stored. <see cref="IndexPolicy"/> says when.
/// </summary>
internal sealed partial class LedgerIndexer(LedgerServices services, string token, LedgerBook book, LedgerWriter writer, long position)
{
    private const int TransfersPerTurn = 1_000;
    private readonly IndexPolicy _policy = new(services.Options);
    private readonly IndexRows _rows = new(book);
    private readonly List<long> _pins = [];
    private Task _run = Task.CompletedTask;
    private bool _paused;
    private bool _stopped;
    private bool _failed;
    private long _waitingSince;
    private long _transfersAtTick = book.Transfers;
    private long _tickStarted = services.Clock.GetTimestamp();

    /// <summary>Sequence the stored rows reach.</summary>
    public long Position { get; private set; } = position;

    /// <summary>How long the next journal batch waits so that the rows can follow.</summary>
    public TimeSpan Brake => _policy.Brake(book.TailTransfers);

    /// <summary>Something is durable: starts a run when this is the moment for it.</summary>
    public void Kick()
    {
        if (_waitingSince == 0)
        {
            _waitingSince = services.Clock.GetTimestamp();
        }

        Start(tick: false);
    }

    /// <summary>Measures the ledger's rate, on which the moment depends, and tries again after failures.</summary>
    public void Tick()
    {
        var seconds = services.Clock.GetElapsedTime(_tickStarted).TotalSeconds;
        if (seconds > 0)
        {
            _policy.Rate = (long)((book.Transfers - _transfersAtTick) / seconds);
            (_transfersAtTick, _tickStarted) = (book.Transfers, services.Clock.GetTimestamp());
        }

        services.Metrics.Lag(token, book.TailTransfers);
        _failed = false;
        Start(tick: true);
    }

    /// <summary>Keeps ids in memory from now on until <see cref="Unpin"/>, so that an answer of storage and memory together miss none.</summary>
    public long Pin()
    {
        _pins.Add(book.EvictedThrough);
        return book.EvictedThrough;
    }

    /// <summary>Ends a <see cref="Pin"/>.</summary>
    public void Unpin(long pin)
    {
        _pins.Remove(pin);
        Evict();
    }

    /// <summary>Waits until nothing is being written and nothing will be until <see cref="Resume"/>.</summary>
    public async Task PauseAsync()
    {
        _paused = true;
        await _run;
    }

    /// <summary>Ends <see cref="PauseAsync"/>.</summary>
    public void Resume()
    {
        _paused = false;
        Start(tick: false);
    }

    /// <summary>Ends indexing for good and waits for the run in progress.</summary>
    public Task StopAsync()
    {
        _stopped = true;
        return _run;
    }

    private void Start(bool tick)
    {
        if (_run.IsCompleted && !_failed && ShouldRun(tick))
        {
            _run = RunAsync();
        }
    }

    private bool ShouldRun(bool tick) =>
        !_paused && !_stopped && Position < writer.Durable
        && _policy.IsTime(book.TailTransfers, _waitingSince == 0 ? TimeSpan.Zero : services.Clock.GetElapsedTime(_waitingSince), tick);

    private async Task RunAsync()
    {
        try
        {
            // First leave the turn that committed: its callers are waiting.
            await Task.Yield();
            do
            {
                var (goal, began) = (writer.Durable, services.Clock.GetTimestamp());
                while (Position < goal && !_paused && !_stopped)
                {
                    await WriteAsync(goal);
                }

                _waitingSince = Position < writer.Durable ? began : 0;
            }
            while (ShouldRun(tick: false));
        }
        catch (Exception e)
        {
            _failed = true;
            LogFailed(services.Log, token, Position, e);
        }
        finally
        {
            _rows.Forget();
        }
    }

    private async Task WriteAsync(long goal)
    {
        var from = Position;
        var through = await GatherAsync(from, goal);
        if (await services.Journal.IndexAsync(token, from, through, _rows.Entries, _rows.Transfers))
        {
            services.Metrics.Indexed(token, _rows.Transfers.Count);
            Position = through;
        }
        else
        {
            await ReloadPositionAsync(from);
        }

        Evict();
    }

    private async Task ReloadPositionAsync(long expected)
    {
        var stored = await services.Journal.IndexedThroughAsync(token);
        if (stored > writer.Durable && await services.Journal.HeadAsync(token) >= stored)
        {
            // Another activation has written and indexed since: this one is behind, as its next append would learn.
            writer.Lose("fenced", null);
            _stopped = true;
            return;
        }

        if (stored <= expected || stored > writer.Durable)
        {
            // Somebody writes who must not, or a restored database: stop and start over from the journal.
            writer.Lose("index_position", new InvalidOperationException($"the index of {token} is at {stored}, expected {expected} to {writer.Durable}"));
            _stopped = true;
            return;
        }

        Position = stored;
    }

    private void Evict()
    {
        var through = Position;
        foreach (var pin in _pins)
        {
            through = Math.Min(through, pin);
        }

        book.EvictThrough(through);
        services.Metrics.Lag(token, book.TailTransfers);
    }

    private async Task<long> GatherAsync(long from, long goal)
    {
        _rows.Clear();
        var (through, most) = (from, Math.Min(services.Options.IndexBatch, services.Journal.IndexTransfersMax));
        var yieldAt = TransfersPerTurn;
        while (through < goal && _rows.Transfers.Count < most)
        {
            if (_rows.Transfers.Count >= yieldAt)
            {
                // Callers first: a long list must not hold the ledger's turn.
                yieldAt = _rows.Transfers.Count + TransfersPerTurn;
                await Task.Yield();
            }

            var payload = book.TailPayload(++through) ?? throw new InvalidOperationException($"batch {through} left memory before it was indexed");
            _rows.Add(payload.Span);
        }

        return through;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ledger {Token} could not index behind {Position}; it tries again at the next tick")]
    private static partial void LogFailed(ILogger logger, string token, long position, Exception cause);
}
