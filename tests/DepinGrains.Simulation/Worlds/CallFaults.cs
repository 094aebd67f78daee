using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using Orleans.Serialization.Invocation;

namespace DepinGrains.Simulation.Worlds;

/// <summary>Loses requests and replies on their way between callers and grains; plants the bug that pays twice.</summary>
internal sealed class CallFaults(World world) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (world.Faults.LosesRequest())
        {
            world.Struck("lost request", context.TargetId.ToString());
            throw new TimeoutException("simulated: the request was lost");
        }

        await context.Invoke();
        if (world.Settings.Bug == PlantedBug.PaidTwice && context.MethodName == nameof(ILedgerGrain.ExecuteManyAsync))
        {
            await PayAgainAsync((ILedgerGrain)context.Grain, context.Request);
        }

        if (world.Faults.LosesReply())
        {
            world.Struck("lost reply", context.TargetId.ToString());
            throw new TimeoutException("simulated: the reply was lost");
        }
    }

    private static async Task PayAgainAsync(ILedgerGrain ledger, IInvokable request)
    {
        foreach (var transfer in (ImmutableArray<Transfer>)request.GetArgument(0)!)
        {
            if (transfer.Id.StartsWith("escrow/", StringComparison.Ordinal))
            {
                await ledger.ExecuteAsync(transfer with { Id = transfer.Id + ".again" });
            }
        }
    }
}
