using System.CommandLine;
using DepinGrains.Cli.Common;
using DepinGrains.Cli.Completion;
using DepinGrains.Cli.Credits;
using DepinGrains.Cli.Deployments;
using DepinGrains.Cli.Emissions;
using DepinGrains.Cli.Escrow;
using DepinGrains.Cli.Identities;
using DepinGrains.Cli.Leases;
using DepinGrains.Cli.Ledgers;
using DepinGrains.Cli.Network;
using DepinGrains.Cli.Oracle;
using DepinGrains.Cli.Pool;
using DepinGrains.Cli.Providers;
using DepinGrains.Cli.Sdl;
using DepinGrains.Cli.Staking;
using DepinGrains.Cli.Stores;
using DepinGrains.Cli.Subnets;
using DepinGrains.Cli.Subnets.Mining;
using DepinGrains.Cli.Subnets.Validating;

namespace DepinGrains.Cli;

/// <summary>All of <c>depin</c>.</summary>
public static class CommandLine
{
    /// <summary>The root command.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("depin: the command line of a DepinGrains network")
        {
            GlobalOptions.Server,
            GlobalOptions.Key,
            GlobalOptions.Identity,
            GlobalOptions.Output,
            GlobalOptions.Network,
            GlobalOptions.RequestId,
            DeployCommand.Create(),
            DeploymentCommands.Create(),
            BidCommands.Create(),
            MarketCommands.Create(),
            LeaseCommands.Create(),
            LeaseCommands.CreateLogs(),
            ShellCommand.Create(),
            DeploymentCommands.CreateClose(),
            DeploymentCommands.CreateDeposit(),
            LedgerCommands.Create(),
            LedgerCommands.CreateFaucet(),
            ProviderCommands.Create(),
            NodeCommands.Create(),
            IdentityCommands.Create(),
            SdlCommands.Create(),
            CreditCommands.Create(),
            AllowanceCommands.Create(),
            SubnetCommands.Create(),
            MinerRunCommand.Create(),
            ValidatorRunCommand.Create(),
            EmissionCommands.Create(),
            StakeCommands.Create(),
            OracleCommands.Create(),
            PoolCommands.Create(),
            AdminCommands.Create(),
            DbCommands.Create(),
            CompletionCommand.Create(),
        };
        ExitCodes.AddToHelp(root);
        return root;
    }
}
