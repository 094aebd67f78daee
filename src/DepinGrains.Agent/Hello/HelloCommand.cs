using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace DepinGrains.Agent.Hello;

/// <summary>The hidden command <c>hello [--port N] [--bind ADDRESS]</c>; without them <c>PORT</c> and <c>DEPIN_BIND</c> of the environment count.</summary>
public static class HelloCommand
{
    /// <summary>Serves until SIGTERM; answers the exit code: 64 for bad arguments, 69 when the port is taken.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var portText = Value(arguments, "--port") ?? Environment.GetEnvironmentVariable("PORT") ?? "0";
        var bindText = Value(arguments, "--bind") ?? Environment.GetEnvironmentVariable("DEPIN_BIND") ?? "127.0.0.1";
        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65_535 || !IPAddress.TryParse(bindText, out var address))
        {
            await Console.Error.WriteLineAsync($"hello: cannot listen on '{bindText}' port '{portText}'");
            return 64;
        }

        using var end = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            end.Cancel();
        });
        try
        {
            // Console.Out writes through at every line.
            await new HelloServer(Environment.GetEnvironmentVariable("DEPIN_LEASE") ?? "nobody", Console.Out).RunAsync(address, port, end.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            await Console.Out.WriteLineAsync("depin-hello ends");
            return 0;
        }
        catch (System.Net.Sockets.SocketException e)
        {
            await Console.Error.WriteLineAsync($"hello: {e.Message}");
            return 69;
        }
    }

    private static string? Value(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
