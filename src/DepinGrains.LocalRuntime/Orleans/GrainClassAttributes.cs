using Orleans.Runtime;

namespace Orleans;

/// <summary>The stable name of a grain class; part of every stored identity.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class GrainTypeAttribute(string grainType) : Attribute
{
    /// <summary>The name as an identity part.</summary>
    public GrainType GetGrainType(IServiceProvider? services, Type? type) => GrainType.Create(grainType);
}

/// <summary>Never collected as idle.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class KeepAliveAttribute : Attribute
{
}

/// <summary>How long a method's callers wait for its answer, as a <see cref="TimeSpan"/> text.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The wait.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
}
