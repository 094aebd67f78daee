using System.ComponentModel;
using DepinGrains.LocalRuntime.Activations;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>Base of the generated proxies, one per grain interface.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class LocalGrainReference : GrainReference
{
    internal LocalGrainReference(GrainEngine engine, GrainClass grainClass, GrainId grainId)
        : base(grainId)
    {
        Engine = engine;
        Class = grainClass;
    }

    internal GrainEngine Engine { get; }

    internal GrainClass Class { get; }

    /// <summary>The activation the last call went to: spares the look-up while it lives.</summary>
    internal Activation? Last { get; set; }

    /// <summary>Sends a call.</summary>
    protected Task Send(TaskRequest request) => Dispatch(request);

    /// <summary>Sends a call.</summary>
    protected Task<T> Send<T>(TaskRequest<T> request) => Dispatch(request);

    /// <summary>Sends a call.</summary>
    protected ValueTask Send(ValueTaskRequest request) => new(Dispatch(request));

    /// <summary>Sends a call.</summary>
    protected ValueTask<T> Send<T>(ValueTaskRequest<T> request) => new(Dispatch(request));

    private Task Dispatch(PlainRequest request)
    {
        if (Engine.OutgoingFilters.Length > 0)
        {
            return request.CallThrough(new OutgoingCall(this, request));
        }

        Engine.Send(this, request);
        return request.ReplyTask;
    }

    private Task<T> Dispatch<T>(ValueRequest<T> request)
    {
        if (Engine.OutgoingFilters.Length > 0)
        {
            return (Task<T>)request.CallThrough(new OutgoingCall(this, request));
        }

        Engine.Send(this, request);
        return request.Answer;
    }
}
