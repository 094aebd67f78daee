using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Storage;
using DepinGrains.Storage.Schema;
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
            await NeedAsync(app.Services);
            return await RunAsync(app);
        }
        catch (OptionsValidationException problem)
        {
            await Console.Error.WriteLineAsync("depin-gateway: " + problem.Message);
            return ExitCodes.Configuration;
        }
        catch (Exception problem) when (problem is StoreUnavailableException or StoreSchemaException or IOException)
        {
            await Console.Error.WriteLineAsync("depin-gateway: " + problem.Message);
            return ExitCodes.CannotStart;
        }
    }

    /// <summary>Until it is told to stop, which may be while it still looks for silos.</summary>
    private static async Task<int> RunAsync(WebApplication app)
    {
        // Kept: once it has run, the application answers for nothing any more.
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
            return ExitCodes.Done;
        }
        catch (Exception end) when (stopping.IsCancellationRequested && IsBrokenOff(end))
        {
            await Console.Error.WriteLineAsync("depin-gateway: no silo was found before it was told to stop");
            return ExitCodes.Done;
        }
    }

    /// <summary>A start that was broken off: by one of what starts, or by several at once.</summary>
    private static bool IsBrokenOff(Exception end) => end is OperationCanceledException || (end is AggregateException several && several.Flatten().InnerExceptions.All(static e => e is OperationCanceledException));

    /// <summary>
    /// Beside a database that is still to be migrated it would be ready, and answer with errors whatever reads what is new. One that is away is no reason not to start: it comes back by itself, and what silos
    /// answer is answered meanwhile.
    /// </summary>
    private static async Task NeedAsync(IServiceProvider services)
    {
        services.GetRequiredService<IStartupValidator>().Validate();
        try
        {
            await services.GetRequiredService<IStoreMigrator>().NeedAsync();
        }
        catch (StoreUnavailableException)
        {
        }
    }
}
