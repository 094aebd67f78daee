using System.Globalization;
using DepinGrains.LocalRuntime.Activations;
using DepinGrains.LocalRuntime.Calls;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime;

/// <summary>Makes references. Keys are written as Orleans writes them, so stored identities mean the same on both runtimes.</summary>
internal sealed class LocalGrainFactory(GrainEngine engine) : IClusterClient
{
    public IServiceProvider ServiceProvider => engine.Services;

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey =>
        ByKey<TGrainInterface>(primaryKey.ToString("N"), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey =>
        ByKey<TGrainInterface>(primaryKey.ToString("X", CultureInfo.InvariantCulture), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return ByKey<TGrainInterface>(primaryKey, grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable => Reference<TGrainInterface>(grainId);

    internal TGrainInterface Reference<TGrainInterface>(GrainId grainId)
    {
        var grainClass = engine.Catalog.Find(grainId.Type) ?? throw new ArgumentException($"No grain class has the type of {grainId}", nameof(grainId));
        return (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainClass, grainId);
    }

    internal LocalGrainReference Reference(Type face, GrainClass grainClass, GrainId grainId) => ProxyFactory.Create(face, engine, grainClass, grainId);

    private TGrainInterface ByKey<TGrainInterface>(string key, string? prefix)
    {
        var grainClass = engine.Catalog.Serving(typeof(TGrainInterface), prefix);
        return (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainClass, GrainId.Create(grainClass.GrainType, key));
    }
}
