using DepinGrains.Gateway;
using DepinGrains.Standalone;
using DepinGrains.Standalone.Hosting;

var builder = StandaloneHost.CreateBuilder(args);
GrainRuntime.Add(builder);
var app = builder.Build();
app.MapDepinGateway();
app.MapStandaloneHealth();
return await StandaloneHost.RunAsync(app);
