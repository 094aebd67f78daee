using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Storage;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Builds, listens, finds the silos, serves until told to stop.</summary>
internal static class GatewayProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            var builder = HostExtensions.CreateBuilder(args);
            GatewayServices.Add(builder);
            await using var app = builder.Build();
            app.UseManagement();
            app.UseMiddleware<LoadShedding>();
            app.MapDepinGateway();
            Console.Out.WriteLine($"""
                runtime   Orleans
                version   {HostExtensions.Version}
                silos     {app.Services.GetRequiredService<IOptions<SilosOptions>>().Value.Id}
                serves    {builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey)}
                """);
            await app.RunAsync();
            return ExitCodes.Done;
        }
        catch (OptionsValidationException problem)
        {
            await Console.Error.WriteLineAsync("depin-gateway: " + problem.Message);
            return ExitCodes.Configuration;
        }
        catch (Exception problem) when (problem is StoreUnavailableException or IOException)
        {
            await Console.Error.WriteLineAsync("depin-gateway: " + problem.Message);
            return ExitCodes.CannotStart;
        }
    }
}
