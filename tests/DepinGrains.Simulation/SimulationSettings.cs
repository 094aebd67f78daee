namespace DepinGrains.Simulation;

/// <summary>One run.</summary>
/// <param name="Seed">Everything random follows from it.</param>
/// <param name="Steps">Operations and mishaps before the market comes to rest.</param>
/// <param name="Bug">See <see cref="PlantedBug"/>.</param>
/// <param name="Life">What is lived through.</param>
public sealed record SimulationSettings(ulong Seed, int Steps = SimulationSettings.DefaultSteps, PlantedBug Bug = PlantedBug.None, Life Life = Life.Market)
{
    public const int DefaultSteps = 40;

    /// <summary>How a person runs it again.</summary>
    public string Command =>
        $"dotnet run --project tests/DepinGrains.Simulation -p:GrainRuntime=Local -- --seed {Seed} --steps {Steps}" + (Bug == PlantedBug.None ? "" : $" --bug {Bug}") + (Life == Life.Market ? "" : $" --life {Life}") + " --trace";
}

/// <summary>What a run is about: a world of everything would hardly ever do the rare things of each.</summary>
public enum Life
{
    /// <summary>Providers, nodes, deployments, money.</summary>
    Market,

    /// <summary>Stake and emission.</summary>
    Stake,

    /// <summary>Subnets: registration, weights, epochs, sweep, root.</summary>
    Subnets,
}

/// <summary>The outcome of one run.</summary>
/// <param name="Hash">FNV-1a over the trace and over every step of the scheduler: equal in every process.</param>
/// <param name="Problems">Broken invariants; none means clean.</param>
/// <param name="LastLines">The newest trace lines.</param>
/// <param name="SchedulerSteps">Turns taken.</param>
/// <param name="Commits">Rows and journal batches written.</param>
/// <param name="Covered">How often each kind of operation was answered with yes, and each fault struck.</param>
public sealed record SimulationResult(
    SimulationSettings Settings,
    ulong Hash,
    IReadOnlyList<string> Problems,
    IReadOnlyList<string> LastLines,
    long SchedulerSteps,
    long Commits,
    IReadOnlyDictionary<string, int> Covered)
{
    public bool IsClean => Problems.Count == 0;

    /// <summary>What to print about a failure.</summary>
    public string Report() => string.Join(Environment.NewLine,
        [$"seed {Settings.Seed} fails:", .. Problems.Select(static p => "  " + p), "again: " + Settings.Command, $"last {LastLines.Count} trace lines:", .. LastLines]);
}
