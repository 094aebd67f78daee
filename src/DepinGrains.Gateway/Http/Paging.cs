using System.Buffers.Text;
using System.Globalization;
using System.Text;
using DepinGrains.Contracts.Common;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>The part of a list's query every list has: <c>limit</c> (clamped to the largest page) and <c>cursor</c> (opaque, from the page before).</summary>
/// <param name="Limit">1 to <see cref="HttpOptions.PageSizeMax"/>.</param>
/// <param name="Cursor">Null on the first page.</param>
public sealed record PageQuery(int Limit, string? Cursor)
{
    private const int CursorLengthMax = 1_024;

    /// <summary>Reads the query. Bad ones are refused by an exception the fault handler turns into problem+json.</summary>
    public static ValueTask<PageQuery?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = context.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value;
        var result = Parse(context.Request.Query["limit"], context.Request.Query["cursor"], options);
        return result.IsOk ? ValueTask.FromResult<PageQuery?>(result.Value) : throw new RefusalException(result.Refusal);
    }

    /// <summary>Reads the two values.</summary>
    public static Result<PageQuery> Parse(string? limit, string? cursor, HttpOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var size = options.PageSizeDefault;
        if (!string.IsNullOrEmpty(limit) && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size < 1))
        {
            return Refusal.Of(RequestError.LimitInvalid, $"limit must be a number from 1 on; pages hold at most {options.PageSizeMax}.", ("limitMax", options.PageSizeMax));
        }

        return cursor is { Length: > CursorLengthMax } || cursor?.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0
            ? Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this service gave.")
            : new PageQuery(Math.Min(size, options.PageSizeMax), string.IsNullOrEmpty(cursor) ? null : cursor);
    }
}

/// <summary>Makes cursors of lists that have none of their own: base64url of the list's name and a position. Opaque, not secret: a forged one can only ask for another page of what the caller may read anyway.</summary>
public static class Cursors
{
    /// <summary>A cursor of a list.</summary>
    public static string Encode(string list, string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{list}\n{position}"));

    /// <summary>The position in a cursor; null for a null cursor; a refusal when it is of another list or damaged.</summary>
    public static Result<string?> Decode(string list, string? cursor)
    {
        if (cursor is null)
        {
            return new Result<string?>(null, null);
        }

        if (Base64Url.IsValid(cursor))
        {
            var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
            if (text.StartsWith(list + "\n", StringComparison.Ordinal))
            {
                return text[(list.Length + 1)..];
            }
        }

        return Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this list gave.");
    }
}

/// <summary>Carries a refusal out of places that cannot return one (parameter binding); the fault handler turns it back.</summary>
public sealed class RefusalException(Refusal refusal) : Exception(refusal.ToString())
{
    /// <summary>The refusal.</summary>
    public Refusal Refusal { get; } = refusal;
}
