using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Grains.Nodes.Routes;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Pool;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.Credits;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Sweeps;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;

namespace DepinGrains.Silo.Hosting;

/// <summary>
/// Where each kind of grain is activated, chosen in one place. Either where its first caller is (it is nearly always the same caller, so a hop is saved), or on the silo with the most CPU and
/// memory to spare (many callers, or work that should spread). A kind that is not named here stops the start.
/// </summary>
public sealed class GrainPlacements(IServiceProvider services) : IGrainPropertiesProvider
{
    private static readonly Dictionary<Type, bool> ByItsCaller = new()
    {
        // A deployment drives its leases and its escrow through every step of their lives; gateways only look.
        [typeof(LeaseGrain)] = true,
        [typeof(EscrowGrain)] = true,
        // Asked by its escrow alone.
        [typeof(AllowanceGrain)] = true,
        // Claimed and given back by one deployment.
        [typeof(HostnameGrain)] = true,

        // Heavy and long-lived: a deployment's sagas should spread by load, whichever gateway opened it.
        [typeof(DeploymentGrain)] = false,
        // Called by every deployment that bids on or runs there, and by gateways.
        [typeof(NodeGrain)] = false,
        [typeof(ProviderGrain)] = false,
        [typeof(AddressPoolGrain)] = false,
        [typeof(IdentityGrain)] = false,
        // One per token and the busiest of all: the silo with most to spare.
        [typeof(LedgerGrain)] = false,
        [typeof(CreditVaultGrain)] = false,
        [typeof(CreditAccountGrain)] = false,
        // Shards: at a fresh start they are activated one after the other, and load, not the one silo that was first, should decide.
        [typeof(SweepGrain)] = false,
        [typeof(LivenessShardGrain)] = false,
        [typeof(AgentRouteGrain)] = false,
        // Seldom called, by anybody.
        [typeof(NetworkParametersGrain)] = false,
        [typeof(HostsGrain)] = false,
        [typeof(SubnetServingGrain)] = false,
        [typeof(OracleGrain)] = false,
        [typeof(ProposalGrain)] = false,
        [typeof(StakerGrain)] = false,
        [typeof(InflationGrain)] = false,
        // Called by coldkeys and by every subnet a hotkey is in.
        [typeof(StakeGrain)] = false,
        // Called by every subnet.
        [typeof(EmissionGrain)] = false,
        [typeof(IssuanceGrain)] = false,
        [typeof(SubnetRegistryGrain)] = false,
        [typeof(RootNetworkGrain)] = false,
        // Epochs are work: they should spread.
        [typeof(SubnetGrain)] = false,
    };

    private static readonly PlacementAttribute Caller = new PreferLocalPlacementAttribute();
    private static readonly PlacementAttribute Load = new ResourceOptimizedPlacementAttribute();

    /// <summary>True when somebody decided where grains of this class go.</summary>
    public static bool IsChosen(Type grainClass) => ByItsCaller.ContainsKey(grainClass);

    /// <inheritdoc/>
    public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        ArgumentNullException.ThrowIfNull(grainClass);
        if (grainClass.Namespace?.StartsWith("DepinGrains.", StringComparison.Ordinal) is not true)
        {
            // The runtime's own.
            return;
        }

        var byItsCaller = ByItsCaller.TryGetValue(grainClass, out var chosen) ? chosen : throw new InvalidOperationException($"{grainClass} has no place in {nameof(GrainPlacements)}");
        (byItsCaller ? Caller : Load).Populate(services, grainClass, grainType, properties);
    }
}
