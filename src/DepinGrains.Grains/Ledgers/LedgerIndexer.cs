using System.Text;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage.Journal;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// Builds the rows of entries and transfer ids behind the journal, in order. What it writes follows from the journal alone, and the position moves in the same transaction,
/// so two activations may try and one wins. Ids and entries stay in memory until their rows are stored.
/// </summary>
internal sealed partial class LedgerIndexer(LedgerServices services, string token, LedgerBook book, LedgerWriter writer, long position)
{
    private readonly List<long> _pins = [];
    private readonly List<IndexedEntry> _entries = [];
    private readonly List<IndexedTransfer> _transfers = [];
    private Task _run = Task.CompletedTask;
    private bool _paused;
    private bool _stopped;
    private long _rate;
    private long _transfersAtTick = book.Transfers;
    private long _tickStarted = services.Clock.GetTimestamp();

    /// <summary>Sequence the stored rows reach.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Starts a run when there is something to index and this is the moment for it.</summary>
    public void Kick()
    {
        if (_run.IsCompleted && ShouldRun())
        {
            _run = RunAsync();
        }
    }

    /// <summary>Measures the ledger's rate, on which deferring depends, and tries again after failures.</summary>
    public void Tick()
    {
        var seconds = services.Clock.GetElapsedTime(_tickStarted).TotalSeconds;
        if (seconds > 0)
        {
            _rate = (long)((book.Transfers - _transfersAtTick) / seconds);
            (_transfersAtTick, _tickStarted) = (book.Transfers, services.Clock.GetTimestamp());
        }

        services.Metrics.Lag(token, book.TailTransfers);
        Kick();
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
        Kick();
    }

    /// <summary>Ends indexing for good and waits for the run in progress.</summary>
    public Task StopAsync()
    {
        _stopped = true;
        return _run;
    }

    private bool ShouldRun() =>
        !_paused && !_stopped && Position < writer.Durable
        && (_rate <= services.Options.IndexDeferRate || book.TailTransfers >= services.Options.IndexDeferMax);

    private async Task RunAsync()
    {
        try
        {
            // First leave the turn that committed: its callers are waiting.
            await Task.Yield();
            while (ShouldRun())
            {
                var from = Position;
                var through = Gather(from);
                if (await services.Journal.IndexAsync(token, from, through, _entries, _transfers))
                {
                    services.Metrics.Indexed(token, _transfers.Count);
                    Position = through;
                }
                else
                {
                    await ReloadPositionAsync(from);
                }

                Evict();
            }
        }
        catch (Exception e)
        {
            LogFailed(services.Log, token, Position, e);
        }
        finally
        {
            _entries.Clear();
            _transfers.Clear();
        }
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

    private long Gather(long from)
    {
        _entries.Clear();
        _transfers.Clear();
        var through = from;
        while (through < writer.Durable && _transfers.Count < services.Options.IndexBatch)
        {
            var payload = book.TailPayload(++through) ?? throw new InvalidOperationException($"batch {through} left memory before it was indexed");
            Rows(payload.Span);
        }

        return through;
    }

    private void Rows(ReadOnlySpan<byte> payload)
    {
        var reader = new BatchReader(payload);
        var at = new DateTimeOffset(reader.Ticks, TimeSpan.Zero);
        while (reader.Next())
        {
            if (reader.Kind == JournalKind.Expire)
            {
                continue;
            }

            var id = Encoding.ASCII.GetString(reader.Id);
            var answer = new RememberedAnswer(reader.Refusal, reader.Sequence, reader.Ticks, reader.HeldLeft);
            _transfers.Add(new IndexedTransfer(id, reader.Fingerprint.ToArray(), answer.Encode()));
            var (kind, memo) = ((int)reader.Kind, reader.Memo.IsEmpty ? "" : Encoding.UTF8.GetString(reader.Memo));
            while (reader.NextEntry(out var entry))
            {
                _entries.Add(new IndexedEntry(book.AccountName(entry.Account), entry.Sequence, entry.Delta, entry.BalanceAfter, id, kind, at, memo));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ledger {Token} could not index behind {Position}; it tries again at the next tick")]
    private static partial void LogFailed(ILogger logger, string token, long position, Exception cause);
}
