namespace Orleans;

/// <summary>The grain factory as callers outside grains see it.</summary>
public interface IClusterClient : IGrainFactory
{
    /// <summary>The services of the host.</summary>
    IServiceProvider ServiceProvider { get; }
}
