using DepinGrains.Benchmarks;
using DepinGrains.Benchmarks.Ledgers;
using DepinGrains.Benchmarks.Nodes;

// A scenario is a name, a sentence and what it runs with the remaining arguments; add yours here.
(string Name, string What, Func<string[], Task> Run)[] scenarios =
[
    ("ledger", "transfers in process on PostgreSQL and SQLite against the stored procedures of peer-postgres [seconds] [rounds] [part…]", LedgerBenchmark.RunAsync),
    ("ledger-memory", "a book of 1 M accounts, its snapshot, and the replay of 10 M transfers", LedgerMemoryBenchmark.RunAsync),
    ("heartbeats", "beats to the liveness shards in process, and how late silent nodes are known [nodes] [seconds]", HeartbeatBenchmark.RunAsync),
];

var chosen = scenarios.FirstOrDefault(scenario => scenario.Name == args.FirstOrDefault());
if (chosen.Name is null)
{
    Console.WriteLine("usage: dotnet run -c Release --project tests/DepinGrains.Benchmarks -- <scenario> [arguments]");
    foreach (var (name, what, _) in scenarios)
    {
        Console.WriteLine($"  {name,-16} {what}");
    }

    return 64;
}

Console.WriteLine(Machine.Describe());
await chosen.Run(args[1..]);
return 0;
