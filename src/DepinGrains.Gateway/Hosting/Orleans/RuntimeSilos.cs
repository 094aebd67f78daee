using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Gateway.Network;
using Orleans.Runtime;

namespace DepinGrains.Gateway.Hosting;

/// <summary>The silos by Orleans' management grain: the membership table, and of each silo that works its own counts.</summary>
internal sealed class RuntimeSilos(IGrainFactory grains, TimeProvider time) : ISilos
{
    /// <summary>Every silo of a day of restarts; the newest are kept.</summary>
    private const int SilosMax = 200;

    /// <summary>A frozen silo must not hold up the view in which an operator looks for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public string Runtime => "Orleans";

    public async Task<ImmutableArray<SiloCounts>> ListAsync(CancellationToken cancel)
    {
        var members = (await Management(0).GetDetailedHosts(onlyActive: false, cancel)).OrderBy(static m => m.Status == SiloStatus.Dead).ThenByDescending(static m => m.StartTime).Take(SilosMax).ToArray();
        return [.. await Task.WhenAll(members.Select((m, i) => CountAsync(m, i + 1, cancel)))];
    }

    private async Task<SiloCounts> CountAsync(MembershipEntry member, int number, CancellationToken cancel)
    {
        var silo = new SiloCounts(
            member.SiloName ?? "", member.SiloAddress.Endpoint.ToString(), JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Status.ToString()),
            new DateTimeOffset(DateTime.SpecifyKind(member.StartTime, DateTimeKind.Utc)), null, null, null, null, null);
        if (member.Status is SiloStatus.Dead or SiloStatus.Created or SiloStatus.Joining)
        {
            return silo;
        }

        try
        {
            // A management grain takes one call after the other: each silo is asked through one of its own.
            SiloAddress[] only = [member.SiloAddress];
            var management = Management(number);
            var told = (await management.GetRuntimeStatistics(only, cancel).WaitAsync(Patience, time, cancel))[0];
            var kinds = await management.GetSimpleGrainStatistics(only, cancel).WaitAsync(Patience, time, cancel);
            var load = told.EnvironmentStatistics;
            return silo with
            {
                Overloaded = told.IsOverloaded,
                CpuPercent = (int)Math.Clamp(load.FilteredCpuUsagePercentage, 0, 100),
                MemoryBytes = (long)load.FilteredMemoryUsageBytes,
                MemoryMaxBytes = (long)load.MaximumAvailableMemoryBytes,
                Activations = GrainCount.Of(kinds.Select(static k => (k.GrainType, (long)k.ActivationCount))),
            };
        }
        catch (Exception problem) when (problem is TimeoutException or OrleansException)
        {
            return silo;
        }
    }

    private IManagementGrain Management(int number) => grains.GetGrain<IManagementGrain>(number);
}
