using System.Collections.Immutable;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>What a command line says about one SDL file, as JSON.</summary>
public static class SdlReport
{
    /// <summary>
    /// One JSON object, UTF-8: <c>{"file","groups","hash","manifest","ok":true,"version"}</c> with <c>hash</c> as 64 hexadecimal digits, <c>manifest</c> the canonical manifest and
    /// <c>groups</c> as Akash prints group specs (<see cref="GroupSpecJson"/>); or <c>{"errors":[{"column","line","message","path","rule"}],"file","ok":false}</c>.
    /// The manifest holds env and credentials: the report is for the SDL's owner.
    /// </summary>
    public static ImmutableArray<byte> For(string path, ReadOnlySpan<byte> utf8, SdlLimits? limits = null) => For(path, SdlParser.Parse(utf8, limits));

    /// <summary>The same of a result at hand.</summary>
    public static ImmutableArray<byte> For(string path, SdlResult result)
    {
        var json = new JsJson().Open('{');
        if (result.Document is { } document)
        {
            json.Key("file").Text(path).Key("groups");
            GroupSpecJson.Write(json, document.Groups);
            json.Key("hash").Text(document.ManifestHashHex).Key("manifest");
            ManifestJson.Write(json, document.Manifest);
            json.Key("ok").Flag(true).Key("version").Text(document.Version);
        }
        else
        {
            json.Key("errors").Open('[');
            foreach (var error in result.Errors)
            {
                json.Open('{').Key("column").Number(error.Column).Key("line").Number(error.Line)
                    .Key("message").Text(error.Message).Key("path").Text(error.Path).Key("rule").Text(error.Rule).Close('}');
            }

            json.Close(']').Key("file").Text(path).Key("ok").Flag(false);
        }

        return json.Close('}').ToUtf8();
    }
}
