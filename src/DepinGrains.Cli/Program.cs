using System.CommandLine;
using DepinGrains.Cli;

return await CommandLine.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
