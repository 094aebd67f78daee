using System.CommandLine;
using System.Text;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Cli.Sdl;

/// <summary><c>depin sdl</c>: offline, no server needed.</summary>
public static class SdlCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var files = new Argument<string[]>("file") { Arity = ArgumentArity.OneOrMore, Description = "SDL files" };
        var validate = new Command("validate", "check SDL files; exit code 1 when one is invalid") { files };
        validate.SetAction(parse => Run(parse.GetValue(files)!, parse.GetValue(GlobalOptions.Output) == OutputFormat.Json));
        var manifest = new Command("manifest", "manifest, groups and hash of SDL files") { files };
        manifest.SetAction(parse => Run(parse.GetValue(files)!, parse.GetValue(GlobalOptions.Output) == OutputFormat.Json));
        return new Command("sdl", "work with SDL files offline") { validate, manifest };
    }

    private static int Run(string[] files, bool json)
    {
        var bad = 0;
        using var stdout = Console.OpenStandardOutput();
        if (json)
        {
            stdout.Write("["u8);
        }

        for (var i = 0; i < files.Length; i++)
        {
            var result = Read(files[i]);
            bad += result.IsOk ? 0 : 1;
            if (json)
            {
                stdout.Write(i == 0 ? "\n"u8 : ",\n"u8);
                stdout.Write(SdlReport.For(files[i], result).AsSpan());
            }
            else
            {
                stdout.Write(Encoding.UTF8.GetBytes(Text(files[i], result)));
            }
        }

        if (json)
        {
            stdout.Write("\n]\n"u8);
        }

        return bad == 0 ? 0 : 1;
    }

    private static SdlResult Read(string file)
    {
        try
        {
            return new FileInfo(file).Length > SdlLimits.Default.MaxBytes
                ? Failed("sdl.too_large", $"the file is larger than {SdlLimits.Default.MaxBytes} bytes")
                : SdlParser.Parse(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Failed("sdl.unreadable", e.Message);
        }
    }

    private static SdlResult Failed(string rule, string message) => new(null, [new SdlError(0, 0, "", rule, message)]);

    private static string Text(string file, SdlResult result) => result.Document is { } document
        ? $"{file}: ok, {document.Groups.Length} group(s), hash {document.ManifestHashHex}\n"
        : string.Concat(result.Errors.Select(e => $"{file}:{e.Line}:{e.Column}: {e.Path} {e.Rule}: {e.Message}\n"));
}
