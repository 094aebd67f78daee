using System.Reflection;
using Orleans;
using Orleans.Concurrency;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>One method of a grain interface and how its calls may be run.</summary>
public sealed class GrainMethod
{
    internal GrainMethod(Type face, MethodInfo method)
    {
        Interface = face;
        Method = method;
        var parameters = method.GetParameters();
        ArgumentCount = parameters.Length;
        TokenIndex = Array.FindIndex(parameters, p => p.ParameterType == typeof(CancellationToken));
        AlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        Timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        InterfaceName = face.FullName ?? face.Name;
    }

    private GrainMethod(Func<Task> stand, bool interleave)
        : this(stand.Method.DeclaringType!, stand.Method)
    {
        AlwaysInterleave = interleave;
        IsTick = true;
    }

    internal static GrainMethod Tick { get; } = new(() => Task.CompletedTask, interleave: false);

    internal static GrainMethod InterleavingTick { get; } = new(() => Task.CompletedTask, interleave: true);

    internal Type Interface { get; }

    internal MethodInfo Method { get; }

    internal string InterfaceName { get; }

    internal int ArgumentCount { get; }

    /// <summary>Position of the cancellation token; −1 when there is none.</summary>
    internal int TokenIndex { get; }

    internal bool AlwaysInterleave { get; }

    internal bool ReadOnly { get; }

    /// <summary>True for a timer's tick, which nobody waits for.</summary>
    internal bool IsTick { get; }

    /// <summary>How long callers wait; null: the option's value.</summary>
    internal TimeSpan? Timeout { get; }

    /// <summary>True when its calls may sometimes start although another runs.</summary>
    internal bool MayOvertake => AlwaysInterleave || ReadOnly;

    /// <inheritdoc />
    public override string ToString() => $"{InterfaceName}.{Method.Name}";
}
