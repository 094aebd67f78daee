namespace DepinGrains.Contracts.Identities;

/// <summary>What an identity may be on the market; any combination.</summary>
[Flags, GenerateSerializer]
public enum IdentityRoles
{
    /// <summary>Nothing yet.</summary>
    None = 0,

    /// <summary>Buys: deployments, render jobs, clusters.</summary>
    Tenant = 1,

    /// <summary>Sells: owns nodes and bids.</summary>
    Provider = 2,

    /// <summary>Signs providers' attributes. Anyone may; tenants choose whom they trust.</summary>
    Auditor = 4,

    /// <summary>Runs the network: parameters, faucet, roles of others. Never self-claimed.</summary>
    Operator = 8,

    /// <summary>A gateway of the network: may open tunnels to miners at other gateways and ask miners, nothing else. Given by operators.</summary>
    Gateway = 16,
}

/// <summary>What a key of an identity may do.</summary>
[GenerateSerializer]
public enum KeyRole
{
    /// <summary>Cold: the only kind that adds, rotates and revokes keys; may also do what operator keys do.</summary>
    Owner = 0,

    /// <summary>Hot: every day's signed requests and tokens.</summary>
    Operator = 1,

    /// <summary>Lives on a machine: the agent's connection and its reports, nothing else.</summary>
    Node = 2,
}

/// <summary>A set of <see cref="KeyRole"/>s an endpoint accepts.</summary>
[Flags, GenerateSerializer]
public enum KeyRoles
{
    /// <summary>No key.</summary>
    None = 0,

    /// <summary><see cref="KeyRole.Owner"/>.</summary>
    Owner = 1 << KeyRole.Owner,

    /// <summary><see cref="KeyRole.Operator"/>.</summary>
    Operator = 1 << KeyRole.Operator,

    /// <summary><see cref="KeyRole.Node"/>.</summary>
    Node = 1 << KeyRole.Node,

    /// <summary>Owner or operator: what people and their programs sign with.</summary>
    OwnerOrOperator = Owner | Operator,

    /// <summary>Every key.</summary>
    Any = Owner | Operator | Node,
}
