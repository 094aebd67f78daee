using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Identities;

namespace DepinGrains.Gateway.Events;

/// <summary>A topic of the event log: who may read it, and where its present state stands for a reader that missed too much.</summary>
/// <param name="Owner">The identity it is for; null: public.</param>
/// <param name="Scope">What a token or API key needs for it, as for the same things at their own addresses; null: nothing.</param>
/// <param name="Snapshot">Path of what the events tell the changes of.</param>
internal sealed record EventTopic(string? Owner, string? Scope, string Snapshot)
{
    /// <summary>The topic of a name; null: there is none.</summary>
    public static EventTopic? Find(string name) => name.Split('/') switch
    {
        ["market"] => new EventTopic(null, null, "/v1/orders"),
        ["network"] => new EventTopic(null, null, "/v1/network/parameters"),
        ["node", var id] when NodeIds.IsNode(id) => new EventTopic(null, null, "/v1/nodes/" + id),
        ["subnet", var netuid] when ushort.TryParse(netuid, NumberStyles.None, CultureInfo.InvariantCulture, out _) => new EventTopic(null, null, $"/v1/subnets/{netuid}/metagraph"),
        ["deployment", var owner, { Length: > 0 } dseq] when IdentityIds.IsIdentity(owner) => new EventTopic(owner, "deployments:read", $"/v1/deployments/{owner}/{dseq}"),
        ["provider", var id] when IdentityIds.IsIdentity(id) => new EventTopic(id, "leases:read", "/v1/leases?as=provider"),
        ["identity", var id] when IdentityIds.IsIdentity(id) => new EventTopic(id, "identities:read", "/v1/identities/" + id),
        _ => null,
    };

    /// <summary>Null when the caller (null: nobody said who calls) may read it.</summary>
    public Refusal? Closed(Caller? caller) =>
        Owner is null ? null
        : caller is null ? Refusal.Of(Http.RequestError.Unauthenticated, "This topic needs a token or an API key.")
        : caller.BeyondLease() ?? caller.OwnerOnly(Owner) ?? caller.WithoutScope(Scope!);
}
