using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Domain.Deployments.Sdl.Building;
using DepinGrains.Domain.Deployments.Sdl.Reading;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// Reads SDL 2.0 and 2.1 into groups, manifest and hash. Valid is what the npm package <c>@akashnetwork/chain-sdk</c> (1.0.0-alpha.25) accepts, with the same hash, and besides the
/// fields of its newer sources (<c>params.tee</c>, <c>permissions.read: events</c>, <c>reclamation</c>, <c>http_options.proxy_buffer_size</c>). Of all files in <c>../shared/sdl</c> three are accepted here
/// and refused there, each for <c>params.tee</c> alone: Akash's own fixtures <c>v2.1/tee-cpu</c> and <c>v2.1/tee-cpu-gpu</c>, and <c>corpus/ollama-tee</c>, a file of the wild that no fixture decides about.
/// Stricter than it only where a value can not be carried: U+0000, tags beyond YAML's core, keys that are no plain values, amounts that are negative, not a number or above 9.2e18,
/// fractions of a GPU, units of a GPU that are no number, prices beyond 18 fractional or 20 whole digits, counts above 100,000, and texts beyond <see cref="SdlLimits"/>.
/// YamlDotNet is a little stricter than js-yaml too: a comment right behind a quoted text (<c>"a"#b</c>) and continuation lines indented less than their quoted text are refused.
/// Service names beyond ASCII may sort differently, which changes the hash; a provider refuses such names anyway (<see cref="ManifestFit"/>).
/// A pure function of its input; hostile text costs a bounded time.
/// </summary>
public static class SdlParser
{
    /// <summary>Parses UTF-8 bytes.</summary>
    public static SdlResult Parse(ReadOnlySpan<byte> utf8, SdlLimits? limits = null)
    {
        limits ??= SdlLimits.Default;
        try
        {
            return ParseText(YamlTree.Decode(utf8, limits), limits);
        }
        catch (YamlRefusedException refused)
        {
            return new SdlResult(null, [refused.Error]);
        }
    }

    /// <summary>Parses a text.</summary>
    public static SdlResult Parse(string text, SdlLimits? limits = null)
    {
        limits ??= SdlLimits.Default;
        return text.Length > limits.MaxBytes || Encoding.UTF8.GetByteCount(text) > limits.MaxBytes
            ? new SdlResult(null, [new SdlError(1, 1, "", SdlRules.TooLarge, $"The text has more than the {limits.MaxBytes} bytes that are read.")])
            : ParseText(text, limits);
    }

    private static SdlResult ParseText(string text, SdlLimits limits)
    {
        YamlNode root;
        try
        {
            root = YamlTree.Read(text, limits);
        }
        catch (YamlRefusedException refused)
        {
            return new SdlResult(null, [refused.Error]);
        }

        var source = new SdlSource(limits);
        var model = DocumentReader.Read(source, root);
        if (model is not null)
        {
            new SdlRelations(source, model).Check();
        }

        if (source.ErrorCount > 0 || model is null)
        {
            return new SdlResult(null, source.Errors());
        }

        var (groups, manifest) = new SdlBuilder(model).Build();
        var json = ManifestJson.Write(manifest);
        return new SdlResult(
            new SdlDocument(model.Version, groups, manifest, json, ImmutableArray.Create(SHA256.HashData(json.AsSpan())), model.ReclamationMinWindow),
            []);
    }
}
