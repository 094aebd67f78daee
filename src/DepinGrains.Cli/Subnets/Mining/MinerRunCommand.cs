using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets.Mining;

/// <summary><c>depin miner run</c>: serves a subnet with a model that already speaks OpenAI's protocol.</summary>
internal static class MinerRunCommand
{
    private const string DefaultListen = "http://127.0.0.1:8091";

    /// <summary><c>depin miner</c>.</summary>
    public static Command Create() => new("miner", "serve a subnet with your model") { CreateRun() };

    private static Command CreateRun()
    {
        var netuid = new Option<int>("--netuid") { Description = "the subnet", Required = true };
        var upstream = new Option<string?>("--upstream") { Description = "base address of your model's OpenAI-compatible API, e.g. http://127.0.0.1:11434/v1 (Ollama, llama.cpp, vLLM); without it the deterministic sample answers" };
        var model = new Option<string?>("--model") { Description = "the model's name there; without it requests are passed on under the subnet's name" };
        var listen = new Option<string>("--listen") { Description = "where to serve", DefaultValueFactory = static _ => DefaultListen };
        var announce = new Option<string?>("--endpoint") { Description = "address to announce, as gateways reach you, up to /v1, and the only one requests are taken for; default: --listen with /v1" };
        var node = new Option<string?>("--node") { Description = "your node this runs on: announce that its agent tunnels to --endpoint, http://127.0.0.1:PORT/…, a port given to the agent as --tunnel-port" };
        var lease = new Option<string?>("--lease") { Description = "your lease this runs in, instead (DEPIN_LEASE there): its node's agent tunnels to --endpoint, http://SERVICE:PORT/…, a port the service exposes" };
        var replica = new Option<int>("--replica") { Description = "which replica of the lease's service this is (DEPIN_REPLICA there)" };
        var hotkey = new Option<string?>("--hotkey") { Description = "hotkey (id_…/key_…) that serves; default: the key of --key itself" };
        var allow = new Option<string[]>("--allow") { Description = "identities that may ask beside the network's gateways and operators and the subnet's validators", DefaultValueFactory = static _ => [] };
        var anyone = new Option<bool>("--allow-anyone") { Description = "answer unsigned requests too" };
        var concurrency = new Option<int>("--concurrency") { Description = "requests at once, 1 to 4096; more are told to go elsewhere", DefaultValueFactory = static _ => 32 };
        var register = new Option<bool>("--no-announce") { Description = "serve without telling the subnet; --endpoint still says where gateways reach you" };
        var run = new Command("run", "announce the hotkey's address and answer the network's gateways and validators; Ctrl-C finishes what was begun")
        {
            netuid, upstream, model, listen, announce, node, lease, replica, hotkey, allow, anyone, concurrency, register,
        };
        run.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var address = ServiceRun.Address(parse.GetValue(listen)!, "--listen");
            ServiceRun.Check(parse.GetValue(lease) is null || parse.GetValue(node) is null, "miner.way", "--node and --lease are two ways to one miner: name one");
            ServiceRun.Check(parse.GetValue(lease) is null || parse.GetValue(announce) is not null, "miner.endpoint", "with --lease, --endpoint says http://SERVICE:PORT/v1: the service's name and the port it exposes");
            ServiceRun.Check(parse.GetValue(replica) >= 0 && (parse.GetValue(replica) == 0 || parse.GetValue(lease) is not null), "miner.replica", "--replica is a number from 0 on, of the --lease");
            var options = new MinerOptions(
                parse.GetValue(netuid),
                parse.GetValue(upstream) is { } named ? ServiceRun.Address(named, "--upstream") : null,
                parse.GetValue(model),
                address,
                ServiceRun.Address(parse.GetValue(announce) ?? address.ToString().TrimEnd('/') + "/v1", "--endpoint"),
                new MinerWay(parse.GetValue(node), parse.GetValue(lease), parse.GetValue(replica)),
                parse.GetValue(hotkey) ?? session.Hotkey,
                [.. parse.GetValue(allow)!],
                parse.GetValue(anyone),
                parse.GetValue(concurrency));
            ServiceRun.Check(options.Netuid is >= 0 and <= ushort.MaxValue, "miner.netuid", "--netuid is 0 to 65535");
            ServiceRun.Check(options.Concurrency is >= 1 and <= 4_096, "miner.concurrency", "--concurrency is 1 to 4096");
            return await ServiceRun.UntilToldAsync(async cancel =>
            {
                // Who asks is looked up in the network, which answers only whom it knows.
                await session.MyIdentityAsync();
                await using var server = new MinerServer(session, options, TimeProvider.System);
                await server.StartAsync(cancel);
                if (!parse.GetValue(register))
                {
                    await server.AnnounceAsync();
                }

                await server.RunAsync(cancel);
            });
        }));
        return run;
    }
}

/// <summary>What a miner was asked to do.</summary>
/// <param name="Upstream">Null: the deterministic sample answers.</param>
/// <param name="Endpoint">As announced, and the only one requests are taken for.</param>
/// <param name="Way">How it is reached there.</param>
/// <param name="Allow">Identities that may ask beside gateways, operators and validators.</param>
internal sealed record MinerOptions(
    int Netuid, Uri? Upstream, string? Model, Uri Listen, Uri Endpoint, MinerWay Way, string Hotkey, HashSet<string> Allow, bool AllowAnyone, int Concurrency);

/// <summary>Through whose tunnel a miner is reached; neither: straight.</summary>
/// <param name="Node">The node whose agent reaches it at loopback.</param>
/// <param name="Lease">The lease of which it is a service.</param>
/// <param name="Replica">Of the service.</param>
internal sealed record MinerWay(string? Node, string? Lease, int Replica);
