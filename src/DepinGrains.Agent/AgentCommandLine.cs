using DepinGrains.Agent.Options;
using Microsoft.Extensions.Configuration;

namespace DepinGrains.Agent;

/// <summary>
/// Settings of the process, later ones win: a JSON file (<c>--config</c>), environment <c>DEPIN_AGENT__…</c> (<c>DEPIN_AGENT__Native__Enabled=true</c>), arguments
/// <c>--Name=value</c> with the same names (<c>--Native:Enabled=true</c>) and the short ones of <see cref="Help"/>.
/// </summary>
internal static class AgentCommandLine
{
    public const string Help = """
        depin-agent: runs on a machine that offers hardware to the network.

          depin-agent run [options]      join (first time), connect, run what is leased
          depin-agent detect [options]   print what this machine offers, as JSON

          --gateway URL         a gateway; several separated by commas
          --join-token TOKEN    one-time token of the provider (first start); better --join-token-file FILE or DEPIN_AGENT__JOINTOKEN
          --work-dir FOLDER     keys, state, logs, volumes (default ~/.depin/agent)
          --native true         accept native processes (default false)
          --allow NAME=PATH     a native program that may run; several separated by commas
          --containers false    do not run containers
          --port-min, --port-max  host ports for workloads
          --tunnel-port PORT    a port at 127.0.0.1 that gateways may reach, e.g. of your miner; several separated by commas
          --metrics-port PORT   serve /metrics and /health there, at 127.0.0.1 (--Management:Address=IP: elsewhere); default 0: nowhere
          --stop-on-exit true   end workloads with the agent
          --config FILE         settings as JSON
          --Section:Name=VALUE  any setting by its full name

        Ends with 0 after Ctrl-C, 77 when the network refuses this node for good, 78 when the settings cannot be, 74 when the work folder cannot be used, 70 when it broke otherwise.
        """;

    private static readonly Dictionary<string, string> Switches = new(StringComparer.OrdinalIgnoreCase)
    {
        ["--gateway"] = "GatewayList",
        ["--join-token"] = nameof(AgentOptions.JoinToken),
        ["--join-token-file"] = nameof(AgentOptions.JoinTokenFile),
        ["--work-dir"] = nameof(AgentOptions.WorkDirectory),
        ["--native"] = "Native:Enabled",
        ["--allow"] = "AllowList",
        ["--containers"] = "Containers:Enabled",
        ["--port-min"] = "Resources:PortMin",
        ["--port-max"] = "Resources:PortMax",
        ["--tunnel-port"] = "TunnelPorts",
        ["--metrics-port"] = "Management:Port",
        ["--stop-on-exit"] = nameof(AgentOptions.StopWorkloadsOnExit),
    };

    /// <summary>Reads the settings.</summary>
    /// <exception cref="FormatException">An argument or value cannot be.</exception>
    /// <exception cref="InvalidOperationException">A value does not fit its setting.</exception>
    public static AgentOptions Parse(string[] arguments)
    {
        var builder = new ConfigurationBuilder();
        var config = Array.IndexOf(arguments, "--config");
        if (config >= 0 && config + 1 < arguments.Length)
        {
            builder.AddJsonFile(Path.GetFullPath(arguments[config + 1]), optional: false);
        }

        var configuration = builder.AddEnvironmentVariables("DEPIN_AGENT__").AddCommandLine(arguments, Switches).Build();
        var options = new AgentOptions();
        configuration.Bind(options);
        foreach (var gateway in Items(configuration["GatewayList"]))
        {
            options.Gateways.Add(gateway);
        }

        foreach (var port in Items(configuration["TunnelPorts"]))
        {
            options.Tunnels.Ports.Add(int.TryParse(port, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"--tunnel-port wants a number, not '{port}'"));
        }

        foreach (var allowed in Items(configuration["AllowList"]))
        {
            var parts = allowed.Split('=', 2);
            options.Native.AllowedPrograms[parts[0]] = parts.Length == 2 ? parts[1] : throw new FormatException($"--allow wants NAME=PATH, not '{allowed}'");
        }

        return options;
    }

    private static string[] Items(string? text) => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
