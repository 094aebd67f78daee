using System.Reflection;
using DepinGrains.LocalRuntime.Activations;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.LocalRuntime.State;

/// <summary>Builds the argument of a parameter marked <see cref="PersistentStateAttribute"/>.</summary>
internal static class PersistentStateFacet
{
    internal static Func<Activation, object> Maker(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new InvalidOperationException($"{parameter.Member.DeclaringType}: [PersistentState] belongs on an IPersistentState<T>, not on {type}");
        }

        var configuration = (IPersistentStateConfiguration)parameter.GetCustomAttribute<PersistentStateAttribute>()!;
        var make = typeof(PersistentStateFacet).GetMethod(nameof(Make), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(type.GetGenericArguments())
            .CreateDelegate<Func<Activation, IPersistentStateConfiguration, object>>();
        return activation => make(activation, configuration);
    }

    private static PersistentState<T> Make<T>(Activation activation, IPersistentStateConfiguration configuration)
    {
        var services = activation.Engine.Services;
        var storage = configuration.StorageName is { } name ? services.GetKeyedService<IGrainStorage>(name) : services.GetService<IGrainStorage>()
            ?? services.GetKeyedService<IGrainStorage>("Default");
        return new PersistentState<T>(activation.GrainId, configuration.StateName, storage
            ?? throw new InvalidOperationException($"No IGrainStorage is registered under the name \"{configuration.StorageName ?? "Default"}\""));
    }
}

/// <summary>A grain's document over an <see cref="IGrainStorage"/>.</summary>
internal sealed class PersistentState<T>(GrainId grainId, string name, IGrainStorage storage) : IPersistentState<T>, IActivationFacet
{
    private readonly GrainState<T> _state = new(New());

    public T State
    {
        get => _state.State;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public Task ActivateAsync(CancellationToken cancellationToken) => ReadStateAsync();

    public async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grainId, _state);
        _state.State ??= New();
    }

    public Task WriteStateAsync() => storage.WriteStateAsync(name, grainId, _state);

    public async Task ClearStateAsync()
    {
        // As on Orleans, it is the storage that puts an empty value in place.
        await storage.ClearStateAsync(name, grainId, _state);
        _state.State ??= New();
    }

    private static T New() => typeof(T).IsValueType || typeof(T).GetConstructor(Type.EmptyTypes) is not null ? Activator.CreateInstance<T>() : default!;
}
