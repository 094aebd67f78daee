using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Ledgers;

/// <summary>What the book says to one request.</summary>
/// <param name="NeedsLookup">True when the id may be stored: look it up by key and ask again; nothing was decided.</param>
/// <param name="Refusal">The "no", or null.</param>
/// <param name="Sequence">Batch that holds the decision; 0 for a malformed request, which needs no batch.</param>
/// <param name="Ticks">The decision's time, UTC ticks.</param>
/// <param name="HeldLeft">Minor units the hold has left.</param>
public readonly record struct LedgerOutcome(bool NeedsLookup, Refusal? Refusal, long Sequence, long Ticks, long HeldLeft)
{
    internal static readonly LedgerOutcome Lookup = new(true, null, 0, 0, 0);

    internal static LedgerOutcome Malformed(Refusal refusal) => new(false, refusal, 0, 0, 0);

    internal static LedgerOutcome Of(RememberedAnswer answer) => new(false, answer.Refusal, answer.Sequence, answer.Ticks, answer.HeldLeft);
}

/// <summary>What storage said about an id: <see cref="Found"/> with fingerprint and answer, or that it holds none.</summary>
/// <param name="Found">False when the id is not stored.</param>
/// <param name="Fingerprint">Fingerprint of the first body.</param>
/// <param name="Answer">The encoded first answer.</param>
public readonly record struct StoredId(bool Found, ReadOnlyMemory<byte> Fingerprint, ReadOnlyMemory<byte> Answer);

/// <summary>A batch ready for the journal.</summary>
/// <param name="Sequence">Its place.</param>
/// <param name="At">Its time.</param>
/// <param name="Payload">Its bytes; never changed again.</param>
/// <param name="Operations">Operations in it.</param>
public sealed record SealedBatch(long Sequence, DateTimeOffset At, ReadOnlyMemory<byte> Payload, int Operations);
