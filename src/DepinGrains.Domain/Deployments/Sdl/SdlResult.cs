using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>Something wrong with an SDL.</summary>
/// <param name="Line">1-based line of the YAML text.</param>
/// <param name="Column">1-based column.</param>
/// <param name="Path">Where in the document, e.g. <c>/services/web/expose/0/port</c>; empty for the whole of it.</param>
/// <param name="Rule">Stable code, see <see cref="SdlRules"/>.</param>
/// <param name="Message">One sentence for a person, with the values in it.</param>
public sealed record SdlError(int Line, int Column, string Path, string Rule, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column} {Path} {Rule}: {Message}";
}

/// <summary>A valid SDL and what Akash builds from it.</summary>
/// <param name="Version"><c>2.0</c> or <c>2.1</c>.</param>
/// <param name="Groups">One per placement in use, by name (ordinal).</param>
/// <param name="Manifest">What the provider is told to run.</param>
/// <param name="ManifestJson">The manifest as UTF-8 JSON with sorted keys: the bytes the hash is taken of.</param>
/// <param name="ManifestHash">SHA-256 of <paramref name="ManifestJson"/>, 32 bytes: the deployment's version.</param>
/// <param name="ReclamationMinWindow">The shortest reclamation notice the tenant accepts; null when the SDL asks for none.</param>
public sealed record SdlDocument(
    string Version,
    ImmutableArray<GroupSpec> Groups,
    DeploymentManifest Manifest,
    ImmutableArray<byte> ManifestJson,
    ImmutableArray<byte> ManifestHash,
    TimeSpan? ReclamationMinWindow)
{
    /// <summary>The hash as 64 lower-case hexadecimal digits.</summary>
    public string ManifestHashHex => Convert.ToHexStringLower(ManifestHash.AsSpan());
}

/// <summary>Either a document or at least one error.</summary>
public sealed record SdlResult(SdlDocument? Document, ImmutableArray<SdlError> Errors)
{
    /// <summary>True when there is a document.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Document))]
    public bool IsOk => Document is not null;

    /// <summary>The document; throws when there is none (a bug of the caller).</summary>
    public SdlDocument Require() => Document ?? throw new InvalidOperationException(string.Join("; ", Errors));
}

/// <summary>How much of a text the parser is willing to read. All are refusals of their own, none is a rule of Akash's.</summary>
/// <param name="MaxBytes">Size of the UTF-8 text.</param>
/// <param name="MaxNodes">YAML nodes after every alias is followed (a bomb of aliases counts in full).</param>
/// <param name="MaxDepth">Nesting; js-yaml, which Akash uses, stops at 100 too.</param>
/// <param name="MaxErrors">Errors listed; the rest is left out.</param>
public sealed record SdlLimits(int MaxBytes = 128 * 1024, int MaxNodes = 6_000, int MaxDepth = 100, int MaxErrors = 100)
{
    /// <summary>128 KiB (ten times the largest SDL of Akash's collection; Linux hands no program a longer text either), 6,000 nodes, 100 deep, 100 errors.</summary>
    public static readonly SdlLimits Default = new();
}
