using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// The header <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header): needed on every POST. It is turned into an operation id scoped by caller, method and path
/// (<see cref="OperationIds"/>) and handed to the grain, which stores the answer in the transaction of the change and gives it again, or refuses another payload with 422. The gateway stores nothing,
/// so any gateway answers a retry alike. Retention: for ever.
/// <para>
/// Remembered is every answer of a command that wrote anything, refusals too: a deposit, bid or transfer that the ledger refused stays refused under its key. A refusal found before anything was
/// written (not found, not the owner, wrong state, malformed) leaves no trace, or strangers could fill the store with refusals: under the same key such a command is judged anew, and takes effect
/// at most once all the same. A client that wants to be sure that a refused command stays refused uses its key no more.
/// </para>
/// </summary>
public static class IdempotencyKey
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>The key of a request that passed the check; null where none is needed.</summary>
    public static string? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var values = context.Request.Headers[Header];
        return values.Count == 1 && RequestVerification.IsIdempotencyKey(values[0]) ? values[0] : null;
    }

    /// <summary>Excuses an endpoint whose POST changes nothing (a dry run, a query with a body).</summary>
    public static TBuilder WithoutIdempotencyKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(NoIdempotencyKey.Instance);

    internal static Refusal? Check(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<NoIdempotencyKey>() is not null)
        {
            return null;
        }

        var values = context.Request.Headers[Header];
        if (values.Count == 0)
        {
            return Refusal.Of(RequestError.IdempotencyKeyMissing, "A POST needs the header Idempotency-Key, new for each intent and the same for its retries.");
        }

        return Of(context) is null
            ? Refusal.Of(
                RequestError.IdempotencyKeyInvalid,
                $"Idempotency-Key must be one value of 1 to {SignatureBase.IdempotencyKeyLengthMax} characters of A-Z a-z 0-9 . _ : -.",
                ("lengthMax", SignatureBase.IdempotencyKeyLengthMax))
            : null;
    }
}

/// <summary>Marks an endpoint whose POST needs no <c>Idempotency-Key</c>.</summary>
public sealed class NoIdempotencyKey
{
    /// <summary>The only one.</summary>
    public static readonly NoIdempotencyKey Instance = new();
}

/// <summary>Refuses POSTs without a usable <c>Idempotency-Key</c>; after routing, so that unknown addresses stay 404.</summary>
public sealed class IdempotencyMiddleware(RequestDelegate next)
{
    /// <summary>Runs the check.</summary>
    public Task InvokeAsync(HttpContext context) => IdempotencyKey.Check(context) is { } refusal ? Problems.WriteAsync(context, refusal) : next(context);
}
