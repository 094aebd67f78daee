using DepinGrains.Cli;

return await CommandLine.Create().Parse(args).InvokeAsync();
