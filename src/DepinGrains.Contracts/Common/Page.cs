using System.Collections.Immutable;

namespace DepinGrains.Contracts.Common;

/// <summary>One page of a list. <paramref name="NextCursor"/> is opaque and absent at the end; a page may be empty and still carry one.</summary>
[GenerateSerializer, Immutable, Alias("depin.page.v1`1")]
public sealed record Page<T>([property: Id(0)] ImmutableArray<T> Items, [property: Id(1)] string? NextCursor);
