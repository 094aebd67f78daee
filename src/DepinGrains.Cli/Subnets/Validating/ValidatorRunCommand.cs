using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Domain.Subnets.Validating.Text;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary><c>depin validator run</c>: asks miners, scores them, sets weights.</summary>
internal static class ValidatorRunCommand
{
    /// <summary>Work a validator can judge, by the name of a subnet's task. A new kind is one class and a line here.</summary>
    internal static readonly Dictionary<string, IChallengeTask> Tasks = new(StringComparer.Ordinal)
    {
        ["text"] = new TextChallenges(),
        ["image"] = new ImageChallenges(),
        ["search"] = new SearchChallenges(),
        ["deterministic"] = new DeterministicChallenges(),
    };

    /// <summary><c>depin validator</c>.</summary>
    public static Command Create() => new("validator", "judge a subnet's miners") { CreateRun() };

    private static Command CreateRun()
    {
        var netuid = new Option<int>("--netuid") { Description = "the subnet", Required = true };
        var hotkey = new Option<string?>("--hotkey") { Description = "hotkey (id_…/key_…) that sets weights; default: the key of --key itself" };
        var state = new Option<string?>("--state") { Description = "file of its memory (averages, weights under way); default: KEY.validator-NETUID.json" };
        var task = new Option<string?>("--task") { Description = $"what is asked: {string.Join(", ", Tasks.Keys)}; default: the subnet's own task" };
        var every = new Option<double>("--every") { Description = "seconds between two rounds, 0.1 to 86400", DefaultValueFactory = static _ => 60 };
        var sample = new Option<int>("--sample") { Description = "miners asked in a round, 1 to 4096", DefaultValueFactory = static _ => 16 };
        var timeout = new Option<double>("--timeout") { Description = "seconds a miner has, 0.1 to 600", DefaultValueFactory = static _ => 30 };
        var alpha = new Option<double>("--alpha") { Description = "how far one score moves a miner's average, above 0 to 1", DefaultValueFactory = static _ => 0.1 };
        var reference = new Option<double>("--reference-latency") { Description = "an answer this many seconds late loses half its worth, 0.001 to 600", DefaultValueFactory = static _ => 5 };
        var weights = new Option<long>("--weights-every") { Description = "blocks between two settings of weights; the subnet's own limit holds as well", DefaultValueFactory = static _ => 100 };
        var own = new Option<bool>("--allow-private") { Description = "also ask miners at loopback and private addresses: a network on one machine" };
        var rounds = new Option<int>("--rounds") { Description = "end after so many rounds; 0 = never" };
        var run = new Command("run", "ask miners, keep moving averages, set weights on schedule; needs a uid ('depin subnet register') and, by stake ('depin stake add'), a permit; Ctrl-C ends, the next start goes on")
        {
            netuid, hotkey, state, task, every, sample, timeout, alpha, reference, weights, own, rounds,
        };
        run.SetAction(parse => Session.RunAsync(parse, session =>
        {
            var chosen = parse.GetValue(task);
            ServiceRun.Check(chosen is null || Tasks.ContainsKey(chosen), "validator.task", $"--task is one of {string.Join(", ", Tasks.Keys)}");
            ServiceRun.Check(parse.GetValue(netuid) is >= 0 and <= ushort.MaxValue, "validator.netuid", "--netuid is 0 to 65535");
            ServiceRun.Check(parse.GetValue(sample) is >= 1 and <= 4_096, "validator.sample", "--sample is 1 to 4096");
            ServiceRun.Check(parse.GetValue(alpha) is > 0 and <= 1, "validator.alpha", "--alpha is above 0 and at most 1");
            ServiceRun.Check(parse.GetValue(weights) >= 0 && parse.GetValue(rounds) >= 0, "validator.schedule", "--weights-every and --rounds are not negative");
            var options = new ValidatorOptions(
                parse.GetValue(netuid),
                parse.GetValue(hotkey) ?? session.Hotkey,
                parse.GetValue(state) ?? string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(session.KeyFile)}.validator-{parse.GetValue(netuid)}.json"),
                chosen is null ? null : Tasks[chosen],
                Seconds(parse.GetValue(every), 0.1, 86_400, "--every"),
                parse.GetValue(sample),
                Seconds(parse.GetValue(timeout), 0.1, 600, "--timeout"),
                (long)(parse.GetValue(alpha) * Ppm.One),
                Seconds(parse.GetValue(reference), 0.001, 600, "--reference-latency"),
                parse.GetValue(weights),
                parse.GetValue(own),
                parse.GetValue(rounds));
            return ServiceRun.UntilToldAsync(async cancel =>
            {
                var file = new ValidatorFile(options.StateFile);
                file.Load(options.Netuid, options.Hotkey);
                await session.MyIdentityAsync();
                using var tunnels = new GatewayTunnels(session, options.Netuid, options.Hotkey, options.Timeout);
                using var query = new MinerQuery(session.Signer, tunnels, options.Private, options.Timeout);
                try
                {
                    await new Validator(session, options, file, query, entry => Say(session, entry), TimeProvider.System).RunAsync(cancel);
                }
                finally
                {
                    Say(session, new JsonObject { ["event"] = "ended", ["rounds"] = file.Load(options.Netuid, options.Hotkey).Rounds });
                }
            });
        }));
        return run;
    }

    private static TimeSpan Seconds(double value, double min, double max, string option)
    {
        ServiceRun.Check(value >= min && value <= max, "validator.time", FormattableString.Invariant($"{option} is {min} to {max} seconds"));
        return TimeSpan.FromSeconds(value);
    }

    private static void Say(Session session, JsonObject entry) =>
        Console.Out.WriteLine(session.Json ? entry.ToJsonString() : ServiceRun.Line(entry));
}
