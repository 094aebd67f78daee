using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>A call on its way through filters.</summary>
public interface IGrainCallContext
{
    /// <summary>The method and its arguments.</summary>
    IInvokable Request { get; }

    /// <summary>The grain (incoming) or the reference (outgoing).</summary>
    object Grain { get; }

    /// <summary>The calling grain; null for a caller outside.</summary>
    GrainId? SourceId { get; }

    /// <summary>The grain called.</summary>
    GrainId TargetId { get; }

    /// <summary>The interface's full C# name.</summary>
    string InterfaceName { get; }

    /// <summary>The method's C# name.</summary>
    string MethodName { get; }

    /// <summary>The interface's method.</summary>
    MethodInfo InterfaceMethod { get; }

    /// <summary>The answer; a filter may replace it after <see cref="Invoke"/>.</summary>
    object? Result { get; set; }

    /// <summary>Goes on to the next filter, and at last to the method.</summary>
    Task Invoke();
}

/// <summary>A call as the called grain sees it.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The activation that runs it.</summary>
    IGrainContext TargetContext { get; }

    /// <summary>The class's method.</summary>
    MethodInfo ImplementationMethod { get; }
}

/// <summary>A call as the caller sees it.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext
{
    /// <summary>The calling activation; null for a caller outside.</summary>
    IGrainContext? SourceContext { get; }
}

/// <summary>Runs around every call a grain serves, on the grain's turn. Registered as a service, or the grain itself.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Does its part and awaits <see cref="IGrainCallContext.Invoke"/>, or does not.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}

/// <summary>Runs around every call made, where it is made. Registered as a service.</summary>
public interface IOutgoingGrainCallFilter
{
    /// <summary>Does its part and awaits <see cref="IGrainCallContext.Invoke"/>, or does not.</summary>
    Task Invoke(IOutgoingGrainCallContext context);
}
