namespace DepinGrains.Contracts.Deployments;

/// <summary>What a provider offers for one resource unit of an order: each unit once, with its count, and at least the sizes asked for.</summary>
/// <param name="Id">The unit's id in the order.</param>
/// <param name="Count">Replicas, as asked.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.offered_unit.v1")]
public sealed record OfferedUnit([property: Id(0)] int Id, [property: Id(1)] int Count, [property: Id(2)] UnitResources Resources);
