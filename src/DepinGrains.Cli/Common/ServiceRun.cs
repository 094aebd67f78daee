using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace DepinGrains.Cli.Common;

/// <summary>What commands that run until told to stop have in common.</summary>
internal static class ServiceRun
{
    /// <summary>Runs a body whose token ends with the first Ctrl-C or TERM; the second does what it always does.</summary>
    public static async Task<int> UntilToldAsync(Func<CancellationToken, Task> body)
    {
        using var ending = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, ending));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, ending));
        try
        {
            await body(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Told to.
        }

        return ExitCodes.Done;
    }

    /// <summary>A log line for people: the event, then names and values.</summary>
    public static string Line(JsonObject entry) => string.Join("  ", entry.Where(static e => e.Value is not null)
        .Select(static e => e.Key == "event" ? (string?)e.Value : $"{e.Key} {(e.Value is JsonValue ? e.Value.ToString() : e.Value!.ToJsonString())}"));

    /// <summary>Refuses an option that makes no sense.</summary>
    public static void Check(bool holds, string code, string message)
    {
        if (!holds)
        {
            throw new ApiException(code, message);
        }
    }

    /// <summary>An http or https address.</summary>
    public static Uri Address(string text, string option) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address : throw new ApiException("cli.address_invalid", $"{option}: '{text}' is no http:// or https:// address");

    private static void End(PosixSignalContext signal, CancellationTokenSource ending)
    {
        if (!ending.IsCancellationRequested)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }
}
