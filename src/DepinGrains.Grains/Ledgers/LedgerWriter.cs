using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Storage.Journal;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// The one writer of a ledger's journal: one batch is being made durable while the next gathers. Runs on the grain's scheduler only.
/// After anything but a certain success it is lost for good: everybody who waits, and everybody who comes, is told "unknown".
/// </summary>
internal sealed partial class LedgerWriter(LedgerServices services, string token, LedgerBook book, byte[] writerId, Action lost)
{
    private readonly ReturningCallers _returning = new(book, services.Timers, services.Options.GatherMax);
    private DurableBatch? _gathering;
    private DurableBatch? _flying;
    private TaskCompletionSource<BookColumns>? _columnsWanted;
    private long _flyingSequence;
    private Int128 _minted;
    private Int128 _burned;
    private bool _running;
    private bool _savingSnapshot;
    private long _snapshotTransfers = book.Transfers;
    private Exception? _lost;

    /// <summary>Sequence through which everything is durable.</summary>
    public long Durable { get; private set; } = book.Sequence;

    /// <summary>True when this activation decides no more.</summary>
    public bool IsLost => _lost is not null;

    /// <summary>Builds the rows behind; told of each durable batch, and asked how long the next one waits for it.</summary>
    public LedgerIndexer? Indexer { get; set; }

    /// <summary>Throws when this activation must not decide any more, or has no room for more.</summary>
    public void ThrowIfClosed()
    {
        ThrowIfLost();
        var options = services.Options;
        if (book.OpenOperations >= options.PendingMax || book.OpenBytes >= options.PendingBytesMax)
        {
            throw new LedgerOverloadedException($"{book.OpenOperations} operations ({book.OpenBytes} bytes) wait for the journal of {token}, at most {options.PendingMax} ({options.PendingBytesMax}) may");
        }

        if (book.TailTransfers >= options.IndexLagMax)
        {
            throw new LedgerOverloadedException($"the index of {token} is {book.TailTransfers} transfers behind, at most {options.IndexLagMax} are allowed");
        }
    }

    /// <summary>Throws when what this activation knows is worth nothing any more.</summary>
    public void ThrowIfLost()
    {
        if (_lost is not null)
        {
            throw new LedgerUnknownException($"the ledger of {token} is reloading; ask again with the same id", _lost);
        }
    }

    /// <summary>Completes when the batch with this sequence is durable; fails when that will not be known.</summary>
    public DurableBatch WhenDurable(long sequence)
    {
        if (sequence <= Durable)
        {
            return DurableBatch.Done;
        }

        if (_lost is not null)
        {
            return DurableBatch.Lost(new LedgerUnknownException($"the ledger of {token} is reloading; ask again", _lost));
        }

        if (_flying is not null && sequence <= _flyingSequence)
        {
            return _flying;
        }

        _gathering ??= new DurableBatch();
        if (!_running)
        {
            _running = true;
            _ = RunAsync();
        }

        _returning.Joined();
        return _gathering;
    }

    /// <summary>A decision of the open batch brought money into being or out of it.</summary>
    public void Issued(long minted, long burned) => (_minted, _burned) = (_minted + minted, _burned + burned);

    /// <summary>The activation ends.</summary>
    public void Close() => _returning.Close();

    /// <summary>A copy of the balances between two batches: now when nothing is open, else when the open batch is sealed.</summary>
    public Task<BookColumns> ColumnsAsync()
    {
        if (book.OpenOperations == 0)
        {
            return Task.FromResult(book.Columns());
        }

        _columnsWanted ??= new TaskCompletionSource<BookColumns>();
        _ = WhenDurable(book.PendingSequence);
        return _columnsWanted.Task;
    }

    /// <summary>Declares the pending view lost.</summary>
    public void Lose(string reason, Exception? cause)
    {
        if (_lost is not null)
        {
            return;
        }

        _lost = cause ?? new InvalidOperationException(reason);
        services.Metrics.Lost(token, reason);
        LogLost(services.Log, token, reason, book.PendingSequence, Durable, cause);
        var unknown = new LedgerUnknownException($"the journal of {token} did not confirm ({reason}); ask again with the same id", _lost);
        lost();
        _flying?.Complete(unknown);
        _gathering?.Complete(unknown);
        _columnsWanted?.TrySetException(unknown);
    }

    private async Task RunAsync()
    {
        try
        {
            while (_lost is null && book.OpenOperations > 0)
            {
                await _returning.WaitAsync();
                if (Indexer?.Brake is { } brake && brake > TimeSpan.Zero)
                {
                    await Task.Delay(brake, services.Timers);
                }

                // Lost meanwhile: what is open may be half a decision and must not be written.
                if (_lost is not null || !await AppendAsync())
                {
                    return;
                }
            }
        }
        catch (Exception e)
        {
            Lose("failed", e);
        }
        finally
        {
            _running = false;
        }
    }

    private async Task<bool> AppendAsync()
    {
        var batch = book.Seal()!;
        var snapshot = SnapshotDue() ? book.Snapshot() : null;
        _columnsWanted?.TrySetResult(book.Columns());
        (_flying, _gathering, _columnsWanted) = (_gathering, null, null);
        var (minted, burned) = (_minted, _burned);
        (_minted, _burned) = (0, 0);
        _flyingSequence = batch.Sequence;
        var started = services.Clock.GetTimestamp();
        var status = await services.Journal.AppendAsync(token, new JournalBatch(batch.Sequence, batch.At, batch.Payload), writerId);
        if (_lost is not null)
        {
            return false;
        }

        if (status != AppendStatus.Appended)
        {
            Lose(status == AppendStatus.Fenced ? "fenced" : "unknown", null);
            return false;
        }

        Durable = batch.Sequence;
        services.Metrics.Committed(token, batch.Operations, services.Clock.GetElapsedTime(started).TotalSeconds, book.OpenOperations);
        if (minted != 0 || burned != 0)
        {
            services.Metrics.Issued(token, minted, burned);
        }

        _returning.Expect(batch.Operations + book.OpenOperations);
        var done = _flying;
        _flying = null;
        done?.Complete();
        if (snapshot is not null)
        {
            _ = SaveSnapshotAsync(batch.Sequence, snapshot);
        }

        Indexer?.Kick();
        return true;
    }

    private bool SnapshotDue()
    {
        if (book.Transfers - _snapshotTransfers < services.Options.SnapshotTransfers || _savingSnapshot)
        {
            return false;
        }

        _snapshotTransfers = book.Transfers;
        return _savingSnapshot = true;
    }

    private async Task SaveSnapshotAsync(long sequence, byte[] snapshot)
    {
        try
        {
            await services.Journal.SaveSnapshotAsync(token, sequence, snapshot);
            LogSnapshot(services.Log, token, sequence, snapshot.Length);
        }
        catch (Exception e)
        {
            // Recovery only takes longer; the next one is due after as many transfers again.
            LogSnapshotFailed(services.Log, token, sequence, e);
        }
        finally
        {
            _savingSnapshot = false;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Ledger {Token} drops its pending view: {Reason} (pending {Pending}, durable {Durable})")]
    private static partial void LogLost(ILogger logger, string token, string reason, long pending, long durable, Exception? cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ledger {Token} kept a snapshot at {Sequence}, {Bytes} bytes")]
    private static partial void LogSnapshot(ILogger logger, string token, long sequence, int bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ledger {Token} could not keep its snapshot at {Sequence}")]
    private static partial void LogSnapshotFailed(ILogger logger, string token, long sequence, Exception cause);
}
