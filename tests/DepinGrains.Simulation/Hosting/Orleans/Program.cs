// One thread, one clock, one seed: only LocalRuntime runs grains that way.
await Console.Error.WriteLineAsync("DepinGrains.Simulation needs the Local build: dotnet run --project tests/DepinGrains.Simulation -p:GrainRuntime=Local -- --seed N");
return 78;
