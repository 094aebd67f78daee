using System.Globalization;
using System.Text;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Load;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests;

/// <summary>
/// Goal: whatever dies, freezes, is cut off or is replaced by a new version, what was acknowledged stays, nothing happens twice, no request fails that asking again does not mend, and service is back soon.
/// Method: three silos, two gateways and PostgreSQL as processes, people who transfer, deploy, hold money and move stake under a subnet's epochs, and ask again as the API documents it (every answered command
/// with probability 0.2 once more at the other gateway), one fault after the other, and an audit of every balance, hold, lease, booking, epoch and stake at the end. Killed and frozen is the silo where the
/// ledger under this load lives. <c>DEPIN_SILOS=aims</c> holds times to the product's aims; <c>DEPIN_SILOS_ROUNDS</c> (default 1)
/// repeats the faults, each round against other silos; <c>DEPIN_SILOS_FAULT</c> keeps those whose name contains it.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int People = 8;
    private static readonly double FullRate = Needs.Aims ? 0.9 : 0.6;
    private static readonly TimeSpan FirstSuccessLimit = TimeSpan.FromSeconds(Needs.Aims ? 20 : 60);
    private static readonly TimeSpan FullRateLimit = TimeSpan.FromSeconds(Needs.Aims ? 60 : 120);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Parted = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task EveryFaultUnderLoad_LosesNothing_DoublesNothing_AndPasses()
    {
        Needs.AskedFor();
        Needs.SilosAndPostgres();
        using var subnetOwner = SigningKey.Generate();
        await using var network = await SiloNetwork.StartAsync(silos: 3, gateways: 2, SubnetLoad.Settings(subnetOwner));
        await using var market = await Market.OpenAsync(network, People, subnetOwner);
        var table = new StringBuilder().Append(CultureInfo.InvariantCulture, $"| fault | lasted | first success of the slowest caller | {FullRate * 100:0} % of the rate before | longest command | tries made again |\n|---|---|---|---|---|---|\n");
        var problems = new List<string>();
        await market.WarmAsync(Settled);
        var rounds = int.Parse(Environment.GetEnvironmentVariable("DEPIN_SILOS_ROUNDS") ?? "1", CultureInfo.InvariantCulture);
        var wanted = Environment.GetEnvironmentVariable("DEPIN_SILOS_FAULT") ?? "";
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, fault) in Faults(network, market, problems, round).Where(f => f.Name.Contains(wanted, StringComparison.Ordinal)))
            {
                await OneAsync(network, market, name, fault, table, problems);
            }
        }

        try
        {
            await market.StopAsync();
        }
        catch (Exception broken)
        {
            // One of them was answered what nobody should be; the audit says what else is wrong.
            problems.Add(broken.ToString());
        }

        problems.AddRange(await market.AuditAsync(network));
        table.AppendLine(CultureInfo.InvariantCulture, $"\n{market.Summary}; COMMITs cut: {network.Proxies.Sum(static p => p.Cuts)}");
        output.WriteLine(table.ToString());
        if (problems.Count > 0)
        {
            // Kept beside what the test runner says: once it ended without a word.
            await File.WriteAllTextAsync(Path.Combine(Path.GetTempPath(), "depin-faults.txt"), Report(problems, table, network, int.MaxValue));
        }

        Assert.True(problems.Count == 0, Report(problems, table, network, 4_000));
    }

    private static string Report(List<string> problems, StringBuilder table, SiloNetwork network, int logCharacters) =>
        string.Join('\n', problems) + "\n" + table + string.Join('\n', network.Everybody.Select(p => $"--- {p.Name}\n{p.LogEnd(logCharacters)}"));

    private static async Task OneAsync(SiloNetwork network, Market market, string name, Func<HostProcess, Task> fault, StringBuilder table, List<string> problems)
    {
        // Looked up before the clock starts: nobody's success meanwhile may count as one after the fault.
        var (ledgersSilo, time) = (await market.LedgersSiloAsync(network), market.Timeline);
        var before = time.Rate(time.Now - Settled, time.Now);
        var retries = market.Retries;
        var began = time.Now;
        await fault(ledgersSilo);
        var lasted = time.Now - began;
        var limit = began + lasted + FullRateLimit;
        TimeSpan? back;
        do
        {
            await Eventually.PauseAsync(TimeSpan.FromSeconds(1));
            back = time.BackAt(began, before, FullRate);
        }
        while ((back is null || time.FirstSuccessOfAll(began, People) == TimeSpan.MaxValue || time.Now < began + lasted + Settled) && time.Now < limit);
        var first = time.FirstSuccessOfAll(began, People);
        table.AppendLine(
            CultureInfo.InvariantCulture, $"| {name} | {lasted.TotalSeconds:0.0} s | {Text(first)} | {(back is { } at ? Text(at) : "never")} | {time.Longest(began).TotalSeconds:0.0} s | {market.Retries - retries} |");

        // A cut between two silos that a third one reaches is nobody's death: what has to cross it works again when it is over.
        var allowed = FirstSuccessLimit + (name.Contains("network", StringComparison.Ordinal) ? lasted : TimeSpan.Zero);
        if (first > allowed)
        {
            problems.Add($"{name}: the first success of the slowest caller came after {Text(first)}, later than {allowed.TotalSeconds:0} s");
        }

        if (back is null)
        {
            problems.Add($"{name}: {FullRate * 100:0} % of {before:0}/s did not come back in {FullRateLimit.TotalSeconds} s");
        }
    }

    /// <summary>Each is given the silo where the ledger under load lives.</summary>
    private static IEnumerable<(string Name, Func<HostProcess, Task> Fault)> Faults(SiloNetwork network, Market market, List<string> problems, int round)
    {
        var (one, three) = (round % 3, (round + 2) % 3);
        HostProcess? killed = null;
        yield return ("kill -9 of the ledger's silo", home => (killed = home).KillAsync());
        yield return ("another silo takes its place", async _ =>
        {
            if (killed is not null)
            {
                await MovedAsync(network, market, killed, problems);
                await StartAsync(killed);
            }
        });
        yield return ("the ledger's silo frozen (SIGSTOP) for 30 s, then woken as a stale owner", home => FrozenAsync(network, market, home, problems));
        if (network.Net is { } net)
        {
            yield return ("the network between two silos cut for 20 s", _ => PartedAsync(network, net, one, three));
        }

        yield return ("PostgreSQL stopped -m immediate and started", _ => RestartAsync(network));
        yield return ("every backend terminated, ten times in 5 s", _ => StormAsync(network));
        yield return ("connections cut during COMMIT, 5 s", _ => CutAsync(network));
        yield return ("upgrade of every silo to a new build, one by one", _ => UpgradeAsync(network.Silos.Length, network.UpgradeSiloAsync));
        yield return ("upgrade of every gateway to a new build, one by one", async _ =>
        {
            await UpgradeAsync(network.Gateways.Length, network.UpgradeGatewayAsync);
            await market.AgentsConnectedAsync();
        });
    }

    private static async Task StartAsync(HostProcess process)
    {
        process.Start();
        await process.HealthyAsync();
    }

    private static async Task UpgradeAsync(int count, Func<int, Task> upgradeAsync)
    {
        for (var i = 0; i < count; i++)
        {
            await upgradeAsync(i);
        }
    }

    /// <summary>The fault has hit the silo where the ledger was: by now the ledger answers from another one.</summary>
    private static async Task MovedAsync(SiloNetwork network, Market market, HostProcess from, List<string> problems)
    {
        if (await market.LedgersSiloAsync(network) == from)
        {
            problems.Add($"the ledger is said to live on {from.Name} still, which does nothing");
        }
    }

    private static async Task FrozenAsync(SiloNetwork network, Market market, HostProcess silo, List<string> problems)
    {
        await silo.SignalAsync("STOP");
        var before = await HeadAsync(network);
        await Eventually.PauseAsync(Frozen);
        await MovedAsync(network, market, silo, problems);
        if (await HeadAsync(network) is var head && head < before + 10)
        {
            problems.Add($"{silo.Name}, where the ledger lived, was frozen, and nobody went on with the journal: {before}, then {head}");
        }

        if (await network.ActiveAsync(silo))
        {
            problems.Add($"{silo.Name} was frozen for {Frozen.TotalSeconds} s and the others did not declare it dead");
        }

        await silo.SignalAsync("CONT");
        await BackAsync(network, silo);
    }

    /// <summary>A silo that learns that the others declared it dead ends itself; whoever runs it starts it again.</summary>
    private static Task BackAsync(SiloNetwork network, HostProcess silo) => Eventually.TrueAsync(
        $"{silo.Name} learns that it is dead and is started again, or is still one of them",
        async () =>
        {
            if (!silo.Running)
            {
                silo.Start();
            }

            return await network.ActiveAsync(silo) && await silo.StatusAsync("ready") == 200;
        },
        180);

    private static async Task PartedAsync(SiloNetwork network, PartedNet net, int one, int other)
    {
        await net.PartAsync(one, other);
        await Eventually.PauseAsync(Parted);
        await net.HealAsync(one, other);
        await BackAsync(network, network.Silos[one]);
        await BackAsync(network, network.Silos[other]);
    }

    private static async Task RestartAsync(SiloNetwork network)
    {
        await network.Postgres.StopServerAsync("immediate");
        await network.Postgres.StartServerAsync();
    }

    private static async Task StormAsync(SiloNetwork network)
    {
        for (var i = 0; i < 10; i++)
        {
            await network.Postgres.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
            await Eventually.PauseAsync(TimeSpan.FromSeconds(0.5));
        }
    }

    private static async Task CutAsync(SiloNetwork network)
    {
        for (var i = 0; i < 10; i++)
        {
            foreach (var proxy in network.Proxies)
            {
                proxy.CutNextCommit();
            }

            await Eventually.PauseAsync(TimeSpan.FromSeconds(0.5));
        }

        foreach (var proxy in network.Proxies)
        {
            proxy.Disarm();
        }
    }

    /// <summary>Batches in the journal of the ledger under load.</summary>
    private static Task<long> HeadAsync(SiloNetwork network) => network.CountAsync($"SELECT max(sequence) FROM ledger_journal WHERE token = '{HoldLoad.Token}'");

    private static string Text(TimeSpan time) => time == TimeSpan.MaxValue ? "never" : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
