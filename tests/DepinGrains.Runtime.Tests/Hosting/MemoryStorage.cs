using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.Runtime.Tests.Hosting;

/// <summary>A document store with versions, to the contract both runtimes expect of a storage.</summary>
internal sealed class MemoryStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(GrainId Grain, string Name), (string Json, int Version)> _documents = new();

    public int Reads;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Interlocked.Increment(ref Reads);
        if (_documents.TryGetValue((grainId, stateName), out var found))
        {
            grainState.State = JsonSerializer.Deserialize<T>(found.Json)!;
            grainState.ETag = found.Version.ToString(CultureInfo.InvariantCulture);
            grainState.RecordExists = true;
        }
        else
        {
            grainState.RecordExists = false;
            grainState.ETag = null!;
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var expected = grainState.ETag is { } tag ? int.Parse(tag, CultureInfo.InvariantCulture) : 0;
        var key = (grainId, stateName);
        var stored = _documents.TryGetValue(key, out var found) ? found.Version : 0;
        if (stored != expected)
        {
            throw new InconsistentStateException($"version conflict on {grainId}", $"{stored}", $"{expected}");
        }

        _documents[key] = (JsonSerializer.Serialize(grainState.State), stored + 1);
        grainState.ETag = (stored + 1).ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _documents.TryRemove((grainId, stateName), out _);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null!;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    /// <summary>Writes behind the grain's back.</summary>
    public void Overwrite(GrainId grain, string name, object value) =>
        _documents.AddOrUpdate((grain, name), (JsonSerializer.Serialize(value), 1), (_, old) => (JsonSerializer.Serialize(value), old.Version + 1));
}
