using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Simulation.Checks;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>What the world outside knows of a deployment: only what was answered.</summary>
internal sealed class KnownDeployment(string owner, string dseq, int variant, long price)
{
    public string Id { get; } = owner + "/" + dseq;

    public string Owner { get; } = owner;

    public int Variant { get; } = variant;

    public long Price { get; } = price;

    /// <summary>Null until the creation was answered.</summary>
    public bool? Created { get; set; }

    public bool Closed { get; set; }

    /// <summary>Minor units taken from each depositor, answered with yes.</summary>
    public SortedDictionary<string, long> Deposits { get; } = new(StringComparer.Ordinal);

    public Register<string> Manifest { get; } = new();

    /// <summary>Bids answered with yes: order, provider, price.</summary>
    public List<(int Gseq, int Oseq, string Provider, string Price)> Bids { get; } = [];

    /// <summary>The newest view anyone was shown.</summary>
    public DeploymentView? View { get; set; }

    /// <summary>Least withdrawn so far by payment, as answered.</summary>
    public SortedDictionary<string, long> Withdrawn { get; } = new(StringComparer.Ordinal);

    public void Deposit(string depositor, long amount) => Deposits[depositor] = Deposits.GetValueOrDefault(depositor) + amount;
}

/// <summary>A node and the machine behind it.</summary>
internal sealed class KnownNode(string id, string provider, HardwareInventory machine)
{
    public string Id { get; } = id;

    public string Provider { get; } = provider;

    /// <summary>What the machine really has.</summary>
    public HardwareInventory Machine { get; } = machine;

    public bool Joined { get; set; }

    public bool Retired { get; set; }

    public Register<bool> Draining { get; } = new();
}

/// <summary>A seller.</summary>
internal sealed class KnownProvider(string id)
{
    public string Id { get; } = id;

    public bool Managed { get; set; }

    public Register<string> Name { get; } = new();

    public Register<bool> Maintenance { get; } = new();

    public ProviderProfile? Profile { get; set; }
}
