using DepinGrains.Benchmarks.ChangeSets;
using DepinGrains.Benchmarks.Deployments;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Http;
using DepinGrains.Benchmarks.Leases;
using DepinGrains.Benchmarks.Ledgers;
using DepinGrains.Benchmarks.Nodes;
using DepinGrains.Benchmarks.Runtime;
using DepinGrains.Benchmarks.Silos;
using DepinGrains.Benchmarks.Standalone;
using DepinGrains.Benchmarks.Subnets;

Scenario[] scenarios =
[
    new("ledger", "single transfers with ids on PostgreSQL, 64 and 256 callers, against the stored procedure", LedgerScenarios.UniformAsync),
    new("ledger-hot", "one fee account in every transfer, against our own rate without and the procedure's with it", LedgerScenarios.HotAsync),
    new("ledger-many", "100 transfers a call on PostgreSQL", LedgerScenarios.ManyAsync),
    new("ledger-sqlite", "single transfers on SQLite", LedgerScenarios.SqliteAsync),
    new("ledger-index", "statement rows behind the journal at 40,000 transfers/s", LedgerScenarios.IndexAsync),
    new("ledger-sustained", "single transfers on PostgreSQL for a minute, statement rows built along", LedgerScenarios.SustainedAsync),
    new("ledger-memory", "memory of 1 M accounts, activation by snapshot and by replay of 10 M transfers", LedgerMemoryScenario.RunAsync),
    new("http", "signed transfers over HTTP, against peer-aspnet", HttpScenario.RunAsync),
    new("changesets", "updates of one listed row, against one transaction per write and Orleans' ADO.NET provider", ChangeSetScenario.RunAsync),
    new("auction", "order to lease with five managed bids, against the same effects in one call and in seven commits", AuctionScenario.RunAsync),
    new("auction-cost", "CPU time of our process and the server, and change sets, of an order to lease", AuctionScenario.CostAsync),
    new("heartbeats", "beats to the liveness shards in process, and how late silent nodes are known", HeartbeatBenchmark.RunAsync),
    new("heartbeats-wire", "beats over 2,000 WebSockets, and how late silent nodes are known", SocketScenario.RunAsync),
    new("lists", "lists over 1 M leases, cold and warm, against SQL by hand", ListScenario.RunAsync),
    new("calls", "an empty call on LocalRuntime, against Orleans' in-process ping", RuntimeScenarios.CallsAsync),
    new("idle", "memory of 100,000 idle activations on both runtimes", RuntimeScenarios.IdleAsync),
    new("silos", "one, two and three silos on the same cores: CPU of a call and of a request against hops × cost of a hop", SilosScenarios.ScaleAsync),
    new("silos-memory", "memory of a silo's process per 100,000 activations", SilosScenarios.MemoryAsync),
    new("silos-takeover", "kill -9 of a silo to the first answer of the grains that lived there, the ledger included", SilosScenarios.TakeoverAsync),
    new("epoch", "Yuma epochs of 256 uids/64 validators, 4,096/256 and 32 subnets of 256, on one core", EpochScenario.RunAsync),
    new("subnets", "all epochs of a tempo of 32 subnets of 256 uids, loaded, paid and written; weights taken per second", SubnetScenario.RunAsync),
    new("inference", "what the gateway adds to a token with 1,000 streamed chats in flight, against straight to the miner", InferenceScenario.RunAsync),
    new("standalone", "start and idle memory of the standalone process", StandaloneScenario.RunAsync),
];

if (args is ["child", var kind])
{
    return await ChildProgram.RunAsync(kind);
}

string[] words = [.. args.Select(static arg => arg is "--all" or "--list" ? arg[2..] : arg)];
var (settings, problem) = Settings.Parse(words);
if (settings is null || settings.Scenarios is [] or ["list"] || settings.Scenarios.Any(name => name != "all" && scenarios.All(s => s.Name != name)))
{
    Console.WriteLine("usage: dotnet run -c Release --project tests/DepinGrains.Benchmarks -- <scenario>…|all|list [--seconds n] [--rounds n] [--quick] [-o json]");
    Array.ForEach(scenarios, static s => Console.WriteLine($"  {s.Name,-16} {s.What}"));
    if (problem is not null)
    {
        await Console.Error.WriteLineAsync(problem);
    }

    return settings?.Scenarios is ["list"] ? 0 : 64;
}

Bench.Say(Machine.Describe());
var failures = 0;
await using var bench = new Bench(settings);
foreach (var scenario in scenarios.Where(s => settings.Scenarios.Contains("all") || settings.Scenarios.Contains(s.Name)))
{
    Bench.Say($"{scenario.Name}: {scenario.What}");
    try
    {
        await scenario.RunAsync(bench);
    }
    catch (Exception broken) when (settings.Scenarios.Contains("all"))
    {
        // One broken scenario must not take the other figures with it; the exit code says so.
        Bench.Say($"{scenario.Name} FAILED: {broken}");
        failures++;
    }
}

Console.WriteLine(settings.Json ? bench.Report.ToJson() : bench.Report.ToMarkdown(settings));
return failures == 0 ? 0 : 1;
