using DepinGrains.LocalRuntime;
using DepinGrains.LocalRuntime.Hosting;
using DepinGrains.LocalRuntime.Reminders;
using DepinGrains.LocalRuntime.Simulation;
using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.Runtime.Tests.Local;

public sealed class SimulationTests
{
    [Fact]
    public void The_same_seed_gives_the_same_trace_and_another_seed_another()
    {
        Assert.Equal(Scenario(7, "same"), Scenario(7, "same"));
        Assert.NotEqual(Scenario(7, "same").Hash, Scenario(8, "same").Hash);
    }

    [Fact]
    public void Different_seeds_explore_different_orders()
    {
        var orders = Enumerable.Range(0, 30).Select(seed => string.Join(',', Scenario((ulong)seed, $"orders{seed}").Order)).Distinct().Count();
        Assert.True(orders > 5, $"only {orders} orders");
    }

    [Fact]
    public void A_call_chain_that_waits_for_itself_times_out_in_simulated_time()
    {
        var (simulation, runtime) = Build(1);
        var chain = runtime.Grains.GetGrain<IChainGrain>("a");
        var real = TimeProvider.System.GetTimestamp();
        Assert.Throws<TimeoutException>(() => simulation.Run(() => chain.Call(["b", "a"])));
        Assert.True(TimeProvider.System.GetElapsedTime(real) < TimeSpan.FromSeconds(10));
        Assert.Equal("a>b", simulation.Run(() => chain.Call(["b"])));
    }

    [Fact]
    public void Timers_reminders_and_idle_collection_follow_the_simulated_clock()
    {
        var (simulation, runtime) = Build(2);
        simulation.Run(() => runtime.StartAsync());
        var key = $"sim-{Guid.NewGuid()}";
        simulation.Run(() => runtime.Grains.GetGrain<IReminderGrain>(key).Register("hourly", TimeSpan.FromHours(1), TimeSpan.FromHours(1)));
        simulation.AdvanceTime(TimeSpan.FromHours(5) + TimeSpan.FromMinutes(1));
        Assert.Equal(5, Board.Of(key).Notes.Length);
        Assert.Equal(1, runtime.Activations);
        simulation.AdvanceTime(TimeSpan.FromMinutes(30));
        Assert.Equal(0, runtime.Activations);
    }

    [Fact]
    public void Work_that_finishes_outside_the_simulation_fails_the_run()
    {
        var (simulation, runtime) = Build(3);
        var key = $"intruder-{Guid.NewGuid()}";
        var call = simulation.Start(() => runtime.Grains.GetGrain<IGateGrain>(key).Wait("gate"));
        simulation.RunUntilIdle();
        Assert.False(call.IsCompleted);
        var intruder = new Thread(() => Board.Of(key).Open("gate"));
        intruder.Start();
        intruder.Join();
        var failure = Assert.ThrowsAny<InvalidOperationException>(() =>
        {
            // The gate's continuation comes by way of the pool, some moments later.
            for (var i = 0; i < 10_000; i++)
            {
                simulation.RunUntilIdle();
                Thread.Sleep(1);
            }
        });
        Assert.Contains("outside the simulation", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kill_stops_all_grain_code_and_callers_do_not_know()
    {
        var (simulation, runtime) = Build(4);
        var key = $"killed-{Guid.NewGuid()}";
        var call = simulation.Start(() => runtime.Grains.GetGrain<IGateGrain>(key).Wait("gate"));
        simulation.RunUntilIdle();
        Assert.Equal(["gate starts"], Board.Of(key).Notes);
        runtime.Kill();
        Assert.Equal(0, runtime.Activations);
        simulation.RunUntilIdle();
        Assert.IsType<OrleansException>(call.Exception?.InnerException);
        Assert.Equal(["gate starts"], Board.Of(key).Notes);
    }

    [Fact]
    public void A_stale_double_loses_against_the_storage()
    {
        var (simulation, runtime) = Build(5);
        var old = runtime.Grains.GetGrain<ICounterGrain>("double");
        Assert.Equal(1, simulation.Run(() => old.Add(1)));
        Assert.True(runtime.Detach(old.GetGrainId()));
        var fresh = runtime.Grains.GetGrain<ICounterGrain>("double");
        Assert.Equal(3, simulation.Run(() => fresh.Add(2)));
        Assert.NotEqual(simulation.Run(() => old.Instance()), simulation.Run(() => fresh.Instance()));
        Assert.Throws<InconsistentStateException>(() => simulation.Run(() => old.Add(5)));
        Assert.Equal(3, simulation.Run(() => old.Get()));
    }

    private static (ulong Hash, string Order) Scenario(ulong seed, string key)
    {
        var (simulation, runtime) = Build(seed);
        var grains = Enumerable.Range(0, 3).Select(i => runtime.Grains.GetGrain<IReentrantGateGrain>($"{key}{i}")).ToList();
        var callers = Enumerable.Range(0, 6).Select(caller => simulation.Start(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                await grains[simulation.Choose(grains.Count)].Append(caller);
                await Task.Delay(TimeSpan.FromMilliseconds(simulation.Choose(20)), simulation.Time);
            }
        })).ToList();
        simulation.AdvanceTime(TimeSpan.FromSeconds(10));
        Assert.All(callers, c => Assert.True(c.IsCompletedSuccessfully));
        var order = grains.Select(g => string.Join(' ', simulation.Run(() => g.Appended())));
        return (simulation.TraceHash, string.Join('|', order));
    }

    private static (SimulationScheduler Simulation, LocalGrainRuntime Runtime) Build(ulong seed)
    {
        var simulation = new SimulationScheduler(seed);
        var services = new ServiceCollection()
            .AddSingleton(simulation)
            .AddKeyedSingleton<IGrainStorage>("test", new MemoryStorage())
            .AddSingleton<IReminderStore, InMemoryReminderStore>()
            .AddScoped<ScopedThing>()
            .AddLocalGrains(options => options.AddAssembly(typeof(SimulationTests).Assembly))
            .BuildServiceProvider();
        return (simulation, services.GetRequiredService<LocalGrainRuntime>());
    }
}
