using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Cli.Common;

/// <summary>
/// Idempotency keys of one run of a command. They derive from one request id, drawn or given with <c>--request-id</c>: the same command run again under the same id sends the same requests, which have their effect once.
/// </summary>
internal sealed class RequestIds
{
    /// <summary>Room for the number of the request behind the id.</summary>
    private const int LengthMax = SignatureBase.IdempotencyKeyLengthMax - 8;

    private readonly string _id;
    private int _count;

    /// <param name="given">What the caller gave; null: an id of its own.</param>
    /// <exception cref="ApiException">It cannot be an idempotency key.</exception>
    public RequestIds(string? given)
    {
        if (given is not null && (given.Length > LengthMax || !RequestVerification.IsIdempotencyKey(given)))
        {
            throw new ApiException("cli.request_id_invalid", $"--request-id is 1 to {LengthMax} characters of A-Z a-z 0-9 . _ : -");
        }

        _id = given ?? RequestSigner.NewIdempotencyKey();
    }

    /// <summary>The key of the next request: the id itself, then id-2, id-3…</summary>
    public string Next() => Interlocked.Increment(ref _count) is > 1 and var number ? $"{_id}-{number}" : _id;

    /// <summary>What to give with <c>--request-id</c> so that a run sends this request again; null for a key that a command keeps by itself.</summary>
    public string? ToRepeat(string key) => key == _id || key.StartsWith(_id + "-", StringComparison.Ordinal) ? _id : null;
}
