using DepinGrains.ServiceDefaults.Hosting;

namespace DepinGrains.Gateway.Hosting;

/// <summary>The local runtime lives in one process: there are no silos a gateway could go to.</summary>
internal static class GatewayProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        _ = args;
        await Console.Error.WriteLineAsync("depin-gateway: gateways need the Orleans build (this one is GrainRuntime=Local); run DepinGrains.Standalone");
        return ExitCodes.Configuration;
    }
}
