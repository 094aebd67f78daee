namespace DepinGrains.Cli.Common;

/// <summary>Ids as people copy them from other commands' output.</summary>
public static class Ids
{
    /// <summary><c>owner/dseq</c> as a piece of a path.</summary>
    public static string Deployment(string? text) => string.Join('/', Parts(text, 2, "deployment", "owner/dseq"));

    /// <summary><c>owner/dseq/gseq/oseq/provider</c> as a piece of a path.</summary>
    public static string Lease(string? text) => string.Join('/', Parts(text, 5, "lease", "owner/dseq/gseq/oseq/provider"));

    /// <summary>The pieces of a lease's id, escaped for a path.</summary>
    public static string[] LeaseParts(string? text) => Parts(text, 5, "lease", "owner/dseq/gseq/oseq/provider");

    /// <summary>The four pieces of an order's id, escaped for a path; the id of a bid or lease of <paramref name="provider"/> for that order is taken too.</summary>
    public static string[] Order(string? text, string provider) =>
        Parts(text?.EndsWith("/" + provider, StringComparison.Ordinal) is true ? text[..^(provider.Length + 1)] : text, 4, "order", "owner/dseq/gseq/oseq");

    private static string[] Parts(string? text, int count, string what, string shape)
    {
        var parts = (text ?? "").Split('/');
        return parts.Length == count && parts.All(static p => p.Length > 0 && p is not ("." or ".."))
            ? [.. parts.Select(Uri.EscapeDataString)]
            : throw new ApiException("cli.id_malformed", $"'{text}' is no {what} id; it reads {shape}");
    }
}
