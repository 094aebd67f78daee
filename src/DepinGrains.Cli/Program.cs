using System.CommandLine;
using DepinGrains.Cli.Common;
using DepinGrains.Cli.Deployments;
using DepinGrains.Cli.Identities;
using DepinGrains.Cli.Leases;
using DepinGrains.Cli.Ledgers;
using DepinGrains.Cli.Providers;
using DepinGrains.Cli.Sdl;

var root = new RootCommand("depin: the command line of a DepinGrains network")
{
    GlobalOptions.Server,
    GlobalOptions.Key,
    GlobalOptions.Output,
    GlobalOptions.Network,
    DeployCommand.Create(),
    DeploymentCommands.Create(),
    BidCommands.Create(),
    MarketCommands.Create(),
    LeaseCommands.Create(),
    LedgerCommands.Create(),
    LedgerCommands.CreateFaucet(),
    ProviderCommands.Create(),
    NodeCommands.Create(),
    IdentityCommands.Create(),
    SdlCommands.Create(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
