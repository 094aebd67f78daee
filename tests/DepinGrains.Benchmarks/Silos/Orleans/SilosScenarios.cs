using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Http;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Nodes;
using DepinGrains.ServiceDefaults.Silos;
using Orleans.Runtime;

namespace DepinGrains.Benchmarks.Silos;

/// <summary>What it costs to be several: CPU of a call by its hops, memory of activations, time until a killed silo's grains answer elsewhere.</summary>
internal static class SilosScenarios
{
    private const string Layout = "silos, gateway and client are processes of their own";
    private const string Store = "PostgreSQL";
    private const int GrainsCalled = 300;
    private const int Callers = 64;

    /// <summary>Grain calls of one signed transfer over HTTP.</summary>
    private const int CallsPerRequest = 5;

    /// <summary>Route shards of the product are numbered from 0.</summary>
    private const long FirstKey = 1_000_000;

    /// <summary>
    /// One, two and three silos on the same cores. A call goes from the client to a silo and from there, with n silos, to another one with probability (n-1)/n. One and two silos say what
    /// the second hop costs, there and back; three must cost what that foretells.
    /// </summary>
    public static async Task ScaleAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        var (calls, alone, requests) = (new List<Measured>(), new List<Measured>(), new List<Measured>());
        for (var count = 1; count <= 3; count++)
        {
            await using var group = await SiloGroup.StartAsync(cluster, count);
            var routes = Routes(group, GrainsCalled);
            calls.Add((await bench.InterleaveAsync(new Side($"calls, {count} silos", seconds => CallAsync(routes, Callers, bench, seconds))))[0].Chosen);
            alone.Add((await bench.InterleaveAsync(new Side($"one caller, {count} silos", seconds => CallAsync(routes, 1, bench, seconds))))[0].Chosen);
            var keys = await HttpScenario.SendersAsync(group.Address, bench.Settings.Size(200, 40));
            requests.Add((await bench.InterleaveAsync(new Side($"transfers over HTTP, {count} silos", seconds => HttpScenario.LoadAsync(bench, "transfers through a gateway", group.Address, keys, "uact", seconds), Warms: false)))[0].Chosen);
        }

        Scaled(bench, $"a grain call, {Callers} callers", [.. calls.Select(static c => c.CpuMicroseconds)], 1, calls);
        Scaled(bench, "a transfer through a gateway", [.. requests.Select(static r => r.CpuMicroseconds)], CallsPerRequest, requests);
        Scaled(bench, "a lone caller's call, its time", [.. alone.Select(static a => 1e6 / a.Rate)], 1, alone);
    }

    /// <summary>What a silo's process grows by, activation by activation.</summary>
    public static async Task MemoryAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        await using var group = await SiloGroup.StartAsync(cluster, 1);
        var silo = group.Silos[0].Process;
        await ActivateAsync(Routes(group, 2_000));
        await Task.Delay(TimeSpan.FromSeconds(5));
        var machine = Machine.Watch();
        var before = silo.ResidentBytes;
        var count = bench.Settings.Size(100_000, 5_000);
        await ActivateAsync(Routes(group, count, 10 * FirstKey));
        await Task.Delay(TimeSpan.FromSeconds(5));
        var grown = (silo.ResidentBytes - before) / 1e6;
        bench.Report.Add(new Line("silos-memory", $"a silo's process grows by, {count:N0} activations", grown, "MB", "reported", true)
        {
            Foreign = machine.Stop().Foreign,
            Store = Store,
            Layout = Layout,
            Note = string.Create(CultureInfo.InvariantCulture, $"resident {before / 1e6:0} MB before; grains that hold an empty dictionary; what the garbage collector keeps for later included"),
        });
    }

    /// <summary>From kill -9 of the silo where the ledger lives to the first answer of each grain that lived there.</summary>
    public static async Task TakeoverAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        var silos = new SilosOptions();
        var settings = string.Create(CultureInfo.InvariantCulture, $"probes every {silos.ProbeTimeout.TotalSeconds} s, {silos.ProbesMissedMax} missed, {silos.VotesForDeath} votes; first answers to callers that ask every 50 ms");
        for (var round = 0; round < bench.Settings.Rounds; round++)
        {
            await using var group = await SiloGroup.StartAsync(cluster, 3);
            var ledger = group.Grains.GetGrain<ILedgerGrain>("uakt");
            await ledger.AuditAsync();
            var routes = Routes(group, GrainsCalled);
            await ActivateAsync(routes);
            var management = group.Grains.GetGrain<IManagementGrain>(0);
            var home = await management.GetActivationAddress(ledger) ?? throw new InvalidOperationException("the ledger has no place");
            var moved = new List<IAgentRouteGrain>();
            foreach (var route in routes)
            {
                if (home.Equals(await management.GetActivationAddress(route)))
                {
                    moved.Add(route);
                }
            }

            var machine = Machine.Watch();
            var killed = Stopwatch.GetTimestamp();
            await group.KillAsync(home.Endpoint.Port);
            var ledgerBack = FirstAsync(killed, ledger.AuditAsync);
            var others = await Task.WhenAll(moved.Select(route => FirstAsync(killed, () => route.FindAsync("node"))));
            var cpu = machine.Stop();
            bench.AddAtMost("silos-takeover", "kill -9 of a silo to the first answer of its ledger", (await ledgerBack).TotalSeconds, "s", 20, cpu, Store, Layout, settings);
            bench.AddAtMost("silos-takeover", $"the same, the last of its {moved.Count} other grains", others.DefaultIfEmpty().Max().TotalSeconds, "s", 20, cpu, Store, Layout, settings);
        }
    }

    private static IAgentRouteGrain[] Routes(SiloGroup group, int count, long first = FirstKey) => [.. Enumerable.Range(0, count).Select(i => group.Grains.GetGrain<IAgentRouteGrain>(first + i))];

    private static Task ActivateAsync(IAgentRouteGrain[] routes) =>
        Parallel.ForEachAsync(routes, new ParallelOptions { MaxDegreeOfParallelism = Callers }, static async (route, _) => await route.FindAsync("node"));

    private static async Task<Measured> CallAsync(IAgentRouteGrain[] routes, int callers, Bench bench, int seconds)
    {
        await ActivateAsync(routes);
        return await Harness.Callers.RunAsync($"grain calls, {callers} callers", callers, seconds, bench.Postmaster, async (caller, n) =>
        {
            await routes[(uint)((caller * 7919) + n) % routes.Length].FindAsync("node");
            return 1;
        });
    }

    /// <summary>Three lines of what one, two and three silos cost, and the cost of a hop between two silos.</summary>
    private static void Scaled(Bench bench, string what, double[] values, int hopsAtMost, List<Measured> runs)
    {
        const string time = "its time";
        var unit = what.EndsWith(time, StringComparison.Ordinal) ? "us" : "us CPU";
        var hop = (values[1] - values[0]) / (hopsAtMost * OtherSilo(2));
        bench.Report.Add(new Line("silos", $"{what}: one hop between silos, there and back", hop, unit, "reported", true) { Foreign = Math.Max(runs[0].Cpu.Foreign, runs[1].Cpu.Foreign), Store = Store, Layout = Layout });
        for (var i = 0; i < values.Length; i++)
        {
            var model = values[0] + (hopsAtMost * OtherSilo(i + 1) * hop);
            bench.Report.Add(new Line("silos", $"{what}, {i + 1} silos ({hopsAtMost * OtherSilo(i + 1):0.00} hops between silos)", values[i], unit, "≤ 1.3 × the model", values[i] <= 1.3 * model)
            {
                P50 = runs[i].P50,
                P99 = runs[i].P99,
                Peer = "model: one silo + hops × cost of a hop",
                PeerValue = model,
                Ratio = values[i] / model,
                Foreign = runs[i].Cpu.Foreign,
                Idle = runs[i].Cpu.Idle,
                Store = Store,
                Layout = Layout,
                Note = string.Create(CultureInfo.InvariantCulture, $"{runs[i].Rate:N0}/s; CPU of client, gateway, silos and PostgreSQL; the hop is that of one and two silos, three are foretold"),
            });
        }
    }

    /// <summary>How probably a call's grain lives on another silo than the one that the client speaks to about it.</summary>
    private static double OtherSilo(int silos) => (silos - 1d) / silos;

    private static async Task<TimeSpan> FirstAsync(long since, Func<Task> callAsync)
    {
        while (true)
        {
            try
            {
                await callAsync();
                return Stopwatch.GetElapsedTime(since);
            }
            catch (Exception problem) when (problem is OrleansException or TimeoutException && Stopwatch.GetElapsedTime(since) < TimeSpan.FromMinutes(2))
            {
                await Task.Delay(50);
            }
        }
    }
}
