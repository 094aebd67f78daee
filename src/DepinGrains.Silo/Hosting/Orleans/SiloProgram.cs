using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Storage;
using DepinGrains.Storage.Schema;
using Microsoft.Extensions.Options;

namespace DepinGrains.Silo.Hosting;

/// <summary>Builds, migrates, joins the other silos, serves until told to stop.</summary>
internal static class SiloProgram
{
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            var builder = HostExtensions.CreateBuilder(args);
            SiloServices.Add(builder);
            await using var app = builder.Build();
            app.UseManagement();
            var options = app.Services.GetRequiredService<IOptions<SiloOptions>>().Value;
            var migrator = app.Services.GetRequiredService<IStoreMigrator>();
            await (options.Migrate ? migrator.MigrateAsync() : migrator.NeedAsync());

            Console.Out.WriteLine($"""
                runtime   Orleans
                version   {HostExtensions.Version}
                silos     {app.Services.GetRequiredService<IOptions<SilosOptions>>().Value.Id}
                silo      {options.Name} {options.Address}:{options.Port} (gateways: {options.GatewayPort})
                """);
            await app.RunAsync();
            return ExitCodes.Done;
        }
        catch (OptionsValidationException problem)
        {
            await Console.Error.WriteLineAsync("depin-silo: " + problem.Message);
            return ExitCodes.Configuration;
        }
        catch (Exception problem) when (problem is StoreUnavailableException or StoreSchemaException or IOException)
        {
            await Console.Error.WriteLineAsync("depin-silo: " + problem.Message);
            return ExitCodes.CannotStart;
        }
    }
}
