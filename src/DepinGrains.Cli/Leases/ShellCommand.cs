using System.CommandLine;
using System.Globalization;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Leases;

/// <summary><c>depin lease shell LEASE [-- command…]</c>.</summary>
public static class ShellCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("lease") { Description = "owner/dseq/gseq/oseq/provider" };
        var command = new Argument<string[]>("command") { Description = "program and arguments, after --; /bin/sh without", Arity = ArgumentArity.ZeroOrMore };
        var service = new Option<string?>("--service") { Description = "service of the SDL; the first one without" };
        var replica = new Option<int>("--replica") { Description = "which of its replicas, from 0" };
        var noTty = new Option<bool>("--no-tty") { Description = "plain pipes even when this is a terminal" };
        var shell = new Command("shell", "a program inside a workload: interactive in a terminal, or fed by a pipe") { id, command, service, replica, noTty };
        ExitCodes.Document(shell, (0, "the program ended with 0"), (ExitCodes.ConnectionLost, "the connection was lost before the program ended"));
        ExitCodes.Passes(shell, "every other code is the program's own");
        shell.SetAction(parse => Session.RunAsync(parse, session =>
        {
            if (session.Json)
            {
                throw new ApiException("cli.no_json", "a shell's output is the program's own: leave -o json away");
            }

            return OpenAsync(session, parse.GetValue(id)!, parse.GetValue(command)!, parse.GetValue(service), parse.GetValue(replica), terminal: !parse.GetValue(noTty));
        }));
        return shell;
    }

    private static async Task<int> OpenAsync(Session session, string lease, string[] command, string? service, int replica, bool terminal)
    {
        var path = $"/v1/leases/{Ids.Lease(lease)}/shell";
        var query = new List<string> { string.Create(CultureInfo.InvariantCulture, $"replica={replica}") };
        if (service is not null)
        {
            query.Add("service=" + Uri.EscapeDataString(service));
        }

        query.AddRange(command.Select(static word => "command=" + Uri.EscapeDataString(word)));
        if (!terminal || Console.IsInputRedirected || Console.IsOutputRedirected || OperatingSystem.IsWindows())
        {
            return await ShellClient.RunAsync(session, $"{path}?{string.Join('&', query)}", null);
        }

        query.Add(string.Create(CultureInfo.InvariantCulture, $"columns={RawTerminal.Columns}&rows={RawTerminal.Rows}"));
        using var screen = RawTerminal.TryEnter();
        return await ShellClient.RunAsync(session, $"{path}?{string.Join('&', query)}", screen);
    }
}
