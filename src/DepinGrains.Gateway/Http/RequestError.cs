namespace DepinGrains.Gateway.Http;

/// <summary>Refusals of the HTTP layer itself.</summary>
public static class RequestError
{
    /// <summary>The body or a parameter cannot be read.</summary>
    public const string Malformed = "request.malformed";

    /// <summary>The body or a parameter breaks a declared rule; <c>errors</c> names the fields.</summary>
    public const string Invalid = "request.invalid";

    /// <summary>The body is too large.</summary>
    public const string BodyTooLarge = "request.body_too_large";

    /// <summary>The media type is not <c>application/json</c>.</summary>
    public const string UnsupportedMediaType = "request.unsupported_media_type";

    /// <summary>A POST without <c>Idempotency-Key</c>.</summary>
    public const string IdempotencyKeyMissing = "request.idempotency_key_missing";

    /// <summary>The <c>Idempotency-Key</c> is too long or has other characters.</summary>
    public const string IdempotencyKeyInvalid = "request.idempotency_key_invalid";

    /// <summary>Nobody said who calls.</summary>
    public const string Unauthenticated = "request.unauthenticated";

    /// <summary>The caller may not.</summary>
    public const string Forbidden = "request.forbidden";

    /// <summary>There is nothing at this address.</summary>
    public const string NotFound = "request.not_found";

    /// <summary>The address knows other methods.</summary>
    public const string MethodNotAllowed = "request.method_not_allowed";

    /// <summary>Too many requests.</summary>
    public const string RateLimited = "request.rate_limited";

    /// <summary>Too many open event streams.</summary>
    public const string StreamLimit = "request.stream_limit";

    /// <summary>Too many exports under way at this gateway.</summary>
    public const string ExportLimit = "request.export_limit";

    /// <summary>Another Host than this machine's.</summary>
    public const string HostNotAllowed = "request.host_not_allowed";

    /// <summary>Another web page's Origin.</summary>
    public const string OriginNotAllowed = "request.origin_not_allowed";

    /// <summary><c>limit</c> is not a positive number.</summary>
    public const string LimitInvalid = "request.limit_invalid";

    /// <summary>The cursor is not one of ours, or of another list.</summary>
    public const string CursorInvalid = "request.cursor_invalid";

    /// <summary><c>If-Match</c> does not hold: somebody changed it since.</summary>
    public const string VersionMismatch = "request.version_mismatch";

    /// <summary><c>If-Match</c> cannot be read.</summary>
    public const string EtagInvalid = "request.etag_invalid";

    /// <summary><c>Last-Event-ID</c> is not a position.</summary>
    public const string EventIdInvalid = "request.event_id_invalid";

    /// <summary>The service is overloaded; ask again.</summary>
    public const string Overloaded = "service.overloaded";

    /// <summary>A part of the service is away; the outcome is unknown: ask again with the same idempotency key.</summary>
    public const string Unavailable = "service.unavailable";

    /// <summary>A bug of ours.</summary>
    public const string Internal = "service.internal";
}
