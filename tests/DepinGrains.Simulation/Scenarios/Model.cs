using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>The sequential model: what acknowledged commands alone say about money and things. Fed by the callers, compared with the grains at the end.</summary>
internal sealed class Model
{
    /// <summary>Sum of what direct ledger commands moved, by (token, account).</summary>
    public SortedDictionary<(string Token, string Account), long> Direct { get; } = [];

    /// <summary>Holds made by callers: what should be left, and whether it was closed.</summary>
    public SortedDictionary<(string Token, string Id), DirectHold> Holds { get; } = [];

    public List<KnownDeployment> Deployments { get; } = [];

    public List<KnownNode> Nodes { get; } = [];

    public List<KnownProvider> Providers { get; } = [];

    /// <summary>Newest report counted by (lease, workload): session and sequence.</summary>
    public SortedDictionary<(string Lease, string Workload), (long Session, long Sequence)> Reports { get; } = [];

    /// <summary>Attributes auditors vouched for and were told so.</summary>
    public List<(string Provider, string Auditor, string Name, string Value)> Signatures { get; } = [];

    /// <summary>Keys and API keys that were acknowledged: identity, kind, name.</summary>
    public List<(string Identity, string Kind, string Name)> Keys { get; } = [];

    /// <summary>Changes of parameters that were acknowledged; no value twice.</summary>
    public List<(long Ordinal, string Name, long Value)> Parameters { get; } = [];

    /// <summary>Prices that were acknowledged; none twice.</summary>
    public List<string> Prices { get; } = [];

    /// <summary>One-time tokens used up, by whom.</summary>
    public SortedDictionary<string, string> Tokens { get; } = new(StringComparer.Ordinal);

    /// <summary>What stake and emission should add up to.</summary>
    public StakeModel Stake { get; } = new();

    /// <summary>Subnets and what registering in them cost.</summary>
    public SubnetModel Subnets { get; } = new();

    public void Moved(string token, params ReadOnlySpan<Leg> legs)
    {
        foreach (var leg in legs)
        {
            Direct[(token, leg.Account)] = Direct.GetValueOrDefault((token, leg.Account)) + leg.Amount;
        }
    }
}

/// <summary>Rao by what acknowledged commands did with them.</summary>
internal sealed class StakeModel
{
    public long Minted { get; set; }

    public long Recycled { get; set; }

    /// <summary>What epochs left of their draws.</summary>
    public long Dust { get; set; }

    public EmissionShares? Shares { get; set; }
}

/// <summary>What was acknowledged of subnets.</summary>
internal sealed class SubnetModel
{
    private readonly SortedDictionary<(int Netuid, string Operation), long> _prices = [];

    public SortedSet<int> Opened { get; } = [];

    public void Registered(int netuid, string operation, long price) => _prices[(netuid, operation)] = price;

    /// <summary>Rao paid for uids of a subnet.</summary>
    public long Recycled(int netuid) => _prices.Where(p => p.Key.Netuid == netuid).Sum(static p => p.Value);
}

/// <summary>A hold as its caller sees it.</summary>
internal sealed class DirectHold(string account, long left, DateTimeOffset? expiresAt)
{
    public string Account { get; } = account;

    public long Left { get; set; } = left;

    public DateTimeOffset? ExpiresAt { get; } = expiresAt;

    public bool Closed { get; set; }
}
