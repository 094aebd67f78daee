using System.Buffers.Binary;
using DepinGrains.Domain.Ledgers;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Ledgers;

/// <summary>Brings a book back from the newest snapshot and the journal behind it.</summary>
internal static partial class LedgerRecovery
{
    /// <summary>The book and the sequence its index rows reach.</summary>
    /// <exception cref="LedgerCorruptException">The journal is not what was written; the ledger must not run.</exception>
    public static async Task<(LedgerBook Book, long IndexedThrough)> LoadAsync(LedgerServices services, string token, byte[] writerId, CancellationToken cancel)
    {
        var started = services.Clock.GetTimestamp();
        var indexed = await services.Journal.IndexedThroughAsync(token, cancel);
        var head = await services.Journal.HeadAsync(token, cancel);
        var book = await FromSnapshotAsync(services, token, head, cancel)
            ?? new LedgerBook(BinaryPrimitives.ReadInt64LittleEndian(writerId), services.Options.FilterBytesMax);
        var snapshot = book.Sequence;
        await foreach (var batch in services.Journal.ReadAsync(token, book.EvictedThrough, cancel))
        {
            book.Replay(batch.Sequence, batch.Payload, indexed);
        }

        if (book.Sequence < head || indexed > book.Sequence)
        {
            throw new LedgerCorruptException($"the journal of {token} ends at {book.Sequence}; its head is {head}, its index {indexed}");
        }

        var milliseconds = services.Clock.GetElapsedTime(started).TotalMilliseconds;
        LogLoaded(services.Log, token, book.Sequence, snapshot, indexed, book.Accounts, milliseconds);
        return (book, indexed);
    }

    private static async Task<LedgerBook?> FromSnapshotAsync(LedgerServices services, string token, long head, CancellationToken cancel)
    {
        if (await services.Journal.LoadSnapshotAsync(token, cancel) is not { } kept)
        {
            return null;
        }

        try
        {
            var book = LedgerBook.Load(kept.Payload.Span, services.Options.FilterBytesMax);
            return book.Sequence <= head ? book : throw new LedgerCorruptException($"the snapshot is at {book.Sequence}, the journal ends at {head}");
        }
        catch (LedgerCorruptException e)
        {
            // The journal is the truth: a broken snapshot costs time only.
            LogSnapshotBroken(services.Log, token, kept.Sequence, e);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ledger {Token} is at {Sequence} (snapshot {Snapshot}, index {Indexed}) with {Accounts} accounts after {Milliseconds:F0} ms")]
    private static partial void LogLoaded(ILogger logger, string token, long sequence, long snapshot, long indexed, int accounts, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ledger {Token} ignores its snapshot at {Sequence} and replays the whole journal")]
    private static partial void LogSnapshotBroken(ILogger logger, string token, long sequence, Exception cause);
}
