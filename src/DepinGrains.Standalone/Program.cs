using DepinGrains.Gateway;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.Standalone;
using DepinGrains.Standalone.Hosting;

if (args is ["hello", .. var rest])
{
    // The built-in workload native:depin-hello: the agent starts its own host for it.
    return await DepinGrains.Agent.Hello.HelloCommand.RunAsync(rest);
}

if (args is ["--help" or "-h" or "-?", ..])
{
    await Console.Out.WriteLineAsync(StandaloneHelp.Text);
    return 0;
}

try
{
    var builder = StandaloneHost.CreateBuilder(args);
    GrainRuntime.Add(builder);
    var app = builder.Build();
    app.UseManagement();
    app.MapDepinGateway();
    app.MapStandaloneHealth();
    return await StandaloneHost.RunAsync(app);
}
catch (StandaloneRefusedException refused)
{
    await Console.Error.WriteLineAsync("depin-standalone: " + refused.Message);
    return 64;
}
catch (Exception problem) when (problem is Microsoft.Extensions.Options.OptionsValidationException or DepinGrains.Storage.StoreUnavailableException or DepinGrains.Storage.Schema.StoreSchemaException or IOException)
{
    // A setting that cannot be, a store that cannot be opened, an address in use.
    await Console.Error.WriteLineAsync("depin-standalone: " + problem.Message);
    return 74;
}
