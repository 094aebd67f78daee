using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Domain.Tests.Ledgers;

/// <summary>A book with a clock and the journal it wrote.</summary>
internal sealed class BookHarness
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public LedgerBook Book { get; private set; } = new(42);

    public List<SealedBatch> Journal { get; } = [];

    public DateTimeOffset Now { get; set; } = Start;

    public static Transfer Post(string id, string from, string to, long amount, string memo = "") =>
        new(id, TransferKind.Post, [new Leg(from, -amount), new Leg(to, amount)], Memo: memo);

    public static Transfer Hold(string id, string account, long amount, DateTimeOffset? expires = null) =>
        new(id, TransferKind.Hold, [new Leg(account, -amount)], ExpiresAt: expires);

    public static Transfer Capture(string id, string hold, bool close, params ImmutableArray<Leg> legs) =>
        new(id, TransferKind.Capture, legs, hold, close);

    public static Transfer Release(string id, string hold) => new(id, TransferKind.Release, [], hold);

    public static Transfer TopUp(string id, string hold, string account, long amount) =>
        new(id, TransferKind.TopUpHold, [new Leg(account, -amount)], hold);

    public LedgerOutcome Do(Transfer transfer, StoredId? stored = null) => Book.Execute(transfer, Now, stored);

    public string? Code(Transfer transfer) => Do(transfer).Refusal?.Code;

    public BookHarness Mint(string account, long amount)
    {
        Assert.Null(Do(Post($"mint/{account}/{Book.Transfers}", LedgerAccounts.Issuance, account, amount)).Refusal);
        return this;
    }

    public void Seal()
    {
        if (Book.Seal() is { } batch)
        {
            Journal.Add(batch);
        }
    }

    /// <summary>Throws the book away and replays the journal, from a snapshot when given.</summary>
    public void Restart(byte[]? snapshot = null, long indexedThrough = 0) => Book = Replayed(snapshot, indexedThrough);

    public LedgerBook Replayed(byte[]? snapshot = null, long indexedThrough = 0)
    {
        var book = snapshot is null ? new LedgerBook(7) : LedgerBook.Load(snapshot);
        foreach (var batch in Journal.Where(batch => batch.Sequence > book.EvictedThrough))
        {
            book.Replay(batch.Sequence, batch.Payload, indexedThrough);
        }

        return book;
    }
}
