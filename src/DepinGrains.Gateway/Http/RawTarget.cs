using Microsoft.AspNetCore.Http.Features;

namespace DepinGrains.Gateway.Http;

/// <summary>The request's target exactly as it was sent, which is what was signed: the framework's Path is decoded already.</summary>
public static class RawTarget
{
    /// <summary>Path and query (with its <c>?</c>, or empty), percent-encoded as sent.</summary>
    public static (string Path, string Query) Split(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (string.IsNullOrEmpty(target) || target[0] != '/')
        {
            // Absolute form, or a server that does not tell: rebuilt from the parts.
            return ((context.Request.PathBase + context.Request.Path).ToUriComponent(), context.Request.QueryString.ToUriComponent());
        }

        var question = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (target, "") : (target[..question], target[question..]);
        return (path, query.Length == 1 ? "" : query);
    }

    /// <summary>The path as sent.</summary>
    public static string Path(HttpContext context) => Split(context).Path;
}
