namespace DepinGrains.Benchmarks.Harness;

/// <summary>One command of the benchmark.</summary>
/// <param name="Name">What is typed.</param>
/// <param name="What">One sentence.</param>
/// <param name="RunAsync">Runs it and adds lines to the report.</param>
internal sealed record Scenario(string Name, string What, Func<Bench, Task> RunAsync);
