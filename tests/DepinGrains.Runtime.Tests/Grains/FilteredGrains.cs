using System.Reflection;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Grains;

public interface IFilteredGrain : IGrainWithStringKey
{
    Task<string> Echo(string text);

    Task<string> EchoVia(string other, string text);

    Task Nothing();
}

public sealed class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    public Task<string> Echo(string text) => Task.FromResult(text);

    public Task<string> EchoVia(string other, string text) => GrainFactory.GetGrain<IFilteredGrain>(other).Echo(text);

    public Task Nothing() => Task.CompletedTask;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (context.Result is string text)
        {
            context.Result = $"own({text})";
        }
    }
}

/// <summary>Notes what passes; refuses the text "forbidden"; wraps answers.</summary>
internal sealed class IncomingFilter(string name) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Grain is not FilteredGrain)
        {
            await context.Invoke();
            return;
        }

        var board = Board.Of(context.TargetId.Key.ToString());
        var argument = context.Request.GetArgumentCount() > 0 ? context.Request.GetArgument(0) as string : null;
        board.Note($"{name} {context.InterfaceMethod.Name} {context.ImplementationMethod.DeclaringType!.Name} {context.TargetId}");
        if (argument == "forbidden")
        {
            throw new UnauthorizedAccessException("forbidden");
        }

        await context.Invoke();
        if (context.Result is string text)
        {
            context.Result = $"{name}({text})";
        }
    }
}

internal sealed class OutgoingFilter(string name) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var source = context.SourceId is { } id && id.Type.ToString() == "filtered" ? id.ToString() : "outside";
        if (context.InterfaceMethod.DeclaringType == typeof(IFilteredGrain))
        {
            Board.Of(context.TargetId.Key.ToString()).Note($"{name} {context.MethodName} from {source}");
        }

        await context.Invoke();
    }
}

public interface IContextGrain : IGrainWithStringKey
{
    Task<string?> Read(string key);

    Task<string?> ReadVia(string other, string key);

    Task Set(string key, string value);
}

public sealed class ContextGrain : Grain, IContextGrain
{
    public Task<string?> Read(string key) => Task.FromResult(RequestContext.Get(key) as string);

    public async Task<string?> ReadVia(string other, string key)
    {
        await Task.Yield();
        return await GrainFactory.GetGrain<IContextGrain>(other).Read(key);
    }

    public Task Set(string key, string value)
    {
        RequestContext.Set(key, value);
        return Task.CompletedTask;
    }
}
