using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Grains.Identities;

/// <summary>
/// Remembers, while signatures live, which body an idempotency key was used with. A replayed request is by construction a retry: the signature covers method, path, body and idempotency key, and the
/// grain that acts answers a known operation id with its stored answer. So this memory need not be durable; it refuses the owner's own mistake (one key, two bodies) before any grain acts on it,
/// and the acting grain's stored fingerprint refuses it for ever after.
/// </summary>
internal sealed class ReplayWindow(int max)
{
    private readonly Dictionary<string, (ImmutableArray<byte> Body, DateTimeOffset Expires)> _seen = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _ends = new();

    /// <summary>Refuses an idempotency key seen with another body on the same method and path.</summary>
    public Refusal? Enter(SignedCaller caller, DateTimeOffset now)
    {
        while (_ends.TryPeek(out var oldest, out var end) && (end <= now || _ends.Count >= max))
        {
            _ends.Dequeue();
            if (_seen.TryGetValue(oldest, out var entry) && entry.Expires <= end)
            {
                _seen.Remove(oldest);
            }
        }

        var id = OperationIds.For(caller.Identity, caller.Request);
        if (_seen.TryGetValue(id, out var known))
        {
            if (!known.Body.AsSpan().SequenceEqual(caller.Request.BodySha256.AsSpan()))
            {
                return Refusal.Of(
                    IdentityError.IdempotencyKeyReused,
                    $"The idempotency key {caller.Request.IdempotencyKey} was used for another body on this path; a new intent needs a new key.",
                    ("idempotencyKey", caller.Request.IdempotencyKey));
            }

            if (caller.Expires <= known.Expires)
            {
                return null;
            }
        }

        _seen[id] = (caller.Request.BodySha256, caller.Expires);
        _ends.Enqueue(id, caller.Expires);
        return null;
    }
}
