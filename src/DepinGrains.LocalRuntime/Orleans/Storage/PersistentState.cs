namespace Orleans.Core
{
    /// <summary>One stored document.</summary>
    public interface IStorage
    {
        /// <summary>The version last read or written; null when none is stored.</summary>
        string? Etag { get; }

        /// <summary>True when it is stored.</summary>
        bool RecordExists { get; }

        /// <summary>Deletes it.</summary>
        Task ClearStateAsync();

        /// <summary>Stores it; <see cref="Orleans.Storage.InconsistentStateException"/> when another version is there.</summary>
        Task WriteStateAsync();

        /// <summary>Reads it again.</summary>
        Task ReadStateAsync();

        /// <inheritdoc cref="ClearStateAsync()" />
        Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

        /// <inheritdoc cref="WriteStateAsync()" />
        Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        /// <inheritdoc cref="ReadStateAsync()" />
        Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
    }

    /// <summary>One stored document with its value.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The value in memory.</summary>
        TState State { get; set; }
    }
}

namespace Orleans
{
    /// <summary>What a storage reads into and writes from.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The value.</summary>
        T State { get; set; }

        /// <summary>Its version; null when none is stored.</summary>
        string? ETag { get; set; }

        /// <summary>True when it is stored.</summary>
        bool RecordExists { get; set; }
    }

    /// <inheritdoc />
    public sealed class GrainState<T> : IGrainState<T>
    {
        /// <summary>Nothing stored.</summary>
        public GrainState()
            : this(default!)
        {
        }

        /// <summary>A value not stored.</summary>
        public GrainState(T state)
            : this(state, null!)
        {
        }

        /// <summary>A value and its version.</summary>
        public GrainState(T state, string eTag)
        {
            State = state;
            ETag = eTag;
        }

        /// <inheritdoc />
        public T State { get; set; }

        /// <inheritdoc />
        public string? ETag { get; set; }

        /// <inheritdoc />
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A grain's stored document, read before the grain is activated.</summary>
    public interface IPersistentState<TState> : Core.IStorage<TState>
    {
    }

    /// <summary>Names a stored document and its storage.</summary>
    public interface IPersistentStateConfiguration
    {
        /// <summary>The document's name within the grain.</summary>
        string StateName { get; }

        /// <summary>The storage's name; null: the default.</summary>
        string? StorageName { get; }
    }

    /// <summary>Marks a constructor parameter of type <see cref="IPersistentState{TState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute, IPersistentStateConfiguration
    {
        /// <inheritdoc />
        public string StateName { get; } = stateName;

        /// <inheritdoc />
        public string? StorageName { get; } = storageName;
    }
}

namespace Orleans.Storage
{
    /// <summary>Keeps grains' documents. A version that is not the stored one is an <see cref="InconsistentStateException"/>.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads into <paramref name="grainState"/>.</summary>
        Task ReadStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes and sets the new version.</summary>
        Task WriteStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState);

        /// <summary>Deletes.</summary>
        Task ClearStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ReadStateAsync{T}(string, Orleans.Runtime.GrainId, IGrainState{T})" />
        Task ReadStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            ReadStateAsync(stateName, grainId, grainState);

        /// <inheritdoc cref="WriteStateAsync{T}(string, Orleans.Runtime.GrainId, IGrainState{T})" />
        Task WriteStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            WriteStateAsync(stateName, grainId, grainState);

        /// <inheritdoc cref="ClearStateAsync{T}(string, Orleans.Runtime.GrainId, IGrainState{T})" />
        Task ClearStateAsync<T>(string stateName, Orleans.Runtime.GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            ClearStateAsync(stateName, grainId, grainState);
    }
}
