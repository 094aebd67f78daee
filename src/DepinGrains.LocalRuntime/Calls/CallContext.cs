using System.Reflection;
using DepinGrains.LocalRuntime.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>A call inside its filters.</summary>
internal abstract class CallContext(GrainRequest request) : IGrainCallContext
{
    private int _next;

    public IInvokable Request => GrainRequest;

    public abstract object Grain { get; }

    public abstract GrainId? SourceId { get; }

    public abstract GrainId TargetId { get; }

    public string InterfaceName => GrainRequest.GetInterfaceName();

    public string MethodName => GrainRequest.GetMethodName();

    public MethodInfo InterfaceMethod => GrainRequest.GetMethod();

    public object? Result { get; set; }

    protected GrainRequest GrainRequest { get; } = request;

    public Task Invoke() => Step(_next++);

    /// <summary>Filter number <paramref name="index"/>, or the call itself behind the last.</summary>
    protected abstract Task Step(int index);
}

/// <summary>A call where it is served.</summary>
internal sealed class IncomingCall(Activation target, GrainRequest request) : CallContext(request), IIncomingGrainCallContext
{
    public override object Grain => target.GrainInstance!;

    public override GrainId? SourceId => GrainRequest.Source?.GrainId;

    public override GrainId TargetId => target.GrainId;

    public IGrainContext TargetContext => target;

    public MethodInfo ImplementationMethod => target.Class.ImplementationOf(GrainRequest.Method.Method);

    protected override Task Step(int index)
    {
        var filters = target.Engine.IncomingFilters;
        if (index < filters.Length)
        {
            return filters[index].Invoke(this);
        }

        return index == filters.Length && target.GrainInstance is IIncomingGrainCallFilter own ? own.Invoke(this) : CallAsync();
    }

    private async Task CallAsync()
    {
        var call = GrainRequest.CallTarget(target.GrainInstance!);
        await call;
        Result = GrainRequest.ResultOf(call);
    }
}

/// <summary>A call where it is made.</summary>
internal sealed class OutgoingCall(LocalGrainReference reference, GrainRequest request) : CallContext(request), IOutgoingGrainCallContext
{
    public override object Grain => reference;

    public override GrainId? SourceId => SourceContext?.GrainId;

    public override GrainId TargetId => reference.GrainId;

    public IGrainContext? SourceContext { get; } = Activation.Current;

    protected override Task Step(int index)
    {
        var filters = reference.Engine.OutgoingFilters;
        return index < filters.Length ? filters[index].Invoke(this) : CallAsync();
    }

    private async Task CallAsync()
    {
        reference.Engine.Send(reference, GrainRequest);
        await GrainRequest.ReplyTask;
        Result = GrainRequest.ResultOf(GrainRequest.ReplyTask);
    }
}
