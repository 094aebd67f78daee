using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Gateway.Pages;

/// <summary><c>GET /</c>: where a person lands first. One static file; its policy lets nothing but its own script and style run, whatever strangers wrote into what it shows.</summary>
public static class StartPage
{
    private static readonly byte[] Html = Read();
    private static readonly string Policy =
        $"default-src 'none'; connect-src 'self'; img-src data:; script-src '{HashOf("script")}'; style-src '{HashOf("style")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Maps the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes) => routes.MapGet("/", static (HttpContext context) =>
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Bytes(Html, "text/html; charset=utf-8");
    }).AllowAnonymous().ExcludeFromDescription();

    private static byte[] Read()
    {
        using var stream = typeof(StartPage).Assembly.GetManifestResourceStream("index.html") ?? throw new InvalidOperationException("the page is not in the assembly");
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }

    private static string HashOf(string element)
    {
        var text = Encoding.UTF8.GetString(Html);
        var begin = text.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text[begin..text.IndexOf($"</{element}>", begin, StringComparison.Ordinal)])));
    }
}
