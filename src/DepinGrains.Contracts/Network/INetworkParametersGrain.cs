using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Network;

/// <summary>The only writer of network parameters; key = <see cref="NetworkParameterKeys.Network"/>. Readers read the rows and ask for the value at an instant.</summary>
[Alias("depin.parameters.grain")]
public interface INetworkParametersGrain : IGrainWithStringKey
{
    /// <summary>
    /// Sets a parameter from an instant on, at the earliest one notice from now, so that every process knows it by then. The same operation again answers the first answer.
    /// <c>parameter.unknown</c>, <c>parameter.out_of_range</c>, <c>parameter.time_past</c>, <c>parameter.too_many</c>.
    /// </summary>
    [Alias("set")]
    Task<Result<ParameterChange>> SetAsync(string operationId, SetParameter command);
}

/// <summary>Key of the parameters' grain.</summary>
public static class NetworkParameterKeys
{
    /// <summary>The only key.</summary>
    public const string Network = "network";
}

/// <summary>A change to make.</summary>
/// <param name="Name">Full name, e.g. <c>take_fee.uakt</c>.</param>
/// <param name="EffectiveAt">Null: as soon as possible.</param>
/// <param name="By">The operator.</param>
/// <param name="Cause">The proposal it comes from, or empty.</param>
[GenerateSerializer, Immutable, Alias("depin.parameters.set.v1")]
public sealed record SetParameter(
    [property: Id(0)] string Name,
    [property: Id(1)] long Value,
    [property: Id(2)] DateTimeOffset? EffectiveAt,
    [property: Id(3)] string By,
    [property: Id(4)] string Cause = "");

/// <summary>A change that was made.</summary>
[GenerateSerializer, Immutable, Alias("depin.parameters.change.v1")]
public sealed record ParameterChange(
    [property: Id(0)] long Ordinal,
    [property: Id(1)] string Name,
    [property: Id(2)] long Value,
    [property: Id(3)] DateTimeOffset EffectiveAt,
    [property: Id(4)] string By,
    [property: Id(5)] DateTimeOffset SetAt,
    [property: Id(6)] string Cause);
