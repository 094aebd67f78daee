using DepinGrains.ServiceDefaults.Hosting;

namespace DepinGrains.Silo.Hosting;

/// <summary>The local runtime lives in one process: there is nothing for a silo to join.</summary>
internal static class SiloProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        _ = args;
        await Console.Error.WriteLineAsync("depin-silo: silos need the Orleans build (this one is GrainRuntime=Local); run DepinGrains.Standalone");
        return ExitCodes.Configuration;
    }
}
