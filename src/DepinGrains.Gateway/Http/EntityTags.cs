using System.Globalization;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// ETags from row versions. Strong (<c>"12"</c>) when the answer is a function of the row alone; weak (<c>W/"12"</c>) when values that move with time are computed into it, and then it serves caching but not If-Match's promise of sameness byte for byte.
/// </summary>
public static class EntityTags
{
    /// <summary>The tag of a version.</summary>
    public static string Of(long version, bool weak = false) => string.Create(CultureInfo.InvariantCulture, $"{(weak ? "W/" : "")}\"{version}\"");

    /// <summary>Answers a read: 304 when If-None-Match names the version, else the value with its tag.</summary>
    public static IResult Read<T>(HttpContext context, T value, long version, bool weak = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        var tag = Of(version, weak);
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "private, no-cache";
        return Lists(context.Request.Headers.IfNoneMatch.ToString(), tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(value);
    }

    /// <summary>The version a change insists on (If-Match), null when it insists on none (or on <c>*</c>); a refusal when it cannot be read.</summary>
    public static Result<long?> Expected(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var header = context.Request.Headers.IfMatch.ToString().Trim();
        if (header is "" or "*")
        {
            return new Result<long?>(null, null);
        }

        // Weak tags are accepted: the version is compared, and it is exact.
        var text = header.StartsWith("W/", StringComparison.Ordinal) ? header.AsSpan(2) : header;
        return text.Length is > 2 and < 24 && text[0] == '"' && text[^1] == '"' && long.TryParse(text[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (long?)version
            : Refusal.Of(RequestError.EtagInvalid, "If-Match must be one ETag of this resource, such as \"12\".");
    }

    /// <summary>Refuses a change that insists on another version than the current one.</summary>
    public static Refusal? Mismatch(long? expected, long version) =>
        expected is { } wanted && wanted != version
            ? Refusal.Of(RequestError.VersionMismatch, $"The resource is at version {version}, not {wanted}: it was changed since you read it.", ("version", version), ("expected", wanted))
            : null;

    private static bool Lists(string header, string tag)
    {
        if (header.Length == 0)
        {
            return false;
        }

        // Weak comparison (RFC 9110 section 13.1.2).
        var opaque = tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
        foreach (var part in header.Split(',', 64))
        {
            var one = part.Trim();
            if (one == "*" || one == opaque || (one.StartsWith("W/", StringComparison.Ordinal) && one[2..] == opaque))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Marks an endpoint that honours <c>If-Match</c>.</summary>
public sealed class TakesIfMatch
{
    /// <summary>The only one.</summary>
    public static readonly TakesIfMatch Instance = new();
}
