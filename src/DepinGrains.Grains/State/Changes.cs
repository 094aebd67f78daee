using System.Collections.Immutable;
using System.Security.Cryptography;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.State;

/// <summary>Gathers what one commit writes beside the grain's own row.</summary>
public sealed class Changes
{
    private readonly ImmutableArray<ChildWrite>.Builder _children = ImmutableArray.CreateBuilder<ChildWrite>();
    private readonly ImmutableArray<OperationWrite>.Builder _operations = ImmutableArray.CreateBuilder<OperationWrite>();
    private readonly ImmutableArray<EventWrite>.Builder _events = ImmutableArray.CreateBuilder<EventWrite>();

    /// <summary>Child rows to write.</summary>
    public ImmutableArray<ChildWrite> Children => _children.ToImmutable();

    /// <summary>Answers to remember.</summary>
    public ImmutableArray<OperationWrite> Operations => _operations.ToImmutable();

    /// <summary>Events to write.</summary>
    public ImmutableArray<EventWrite> Events => _events.ToImmutable();

    /// <summary>Adds a child write.</summary>
    public Changes With(ChildWrite child)
    {
        _children.Add(child);
        return this;
    }

    /// <summary>Remembers the answer of an operation;</summary>
    public Changes Remember<TAnswer>(string operationId, ReadOnlyMemory<byte> fingerprint, TAnswer answer)
    {
        _operations.Add(new OperationWrite(operationId, fingerprint, RowJson.Write(answer)));
        return this;
    }

    /// <summary>Adds an event; <paramref name="data"/> must be public to readers of the topic.</summary>
    public Changes Event<TData>(string topic, string type, string subject, TData data)
    {
        _events.Add(new EventWrite(topic, type, subject, RowJson.Write(data)));
        return this;
    }

    /// <summary>Adds the same event to two topics; <paramref name="data"/> must be public to readers of both.</summary>
    public Changes Event<TData>(string topic, string otherTopic, string type, string subject, TData data)
    {
        var written = RowJson.Write(data);
        _events.Add(new EventWrite(topic, type, subject, written));
        _events.Add(new EventWrite(otherTopic, type, subject, written));
        return this;
    }

    /// <summary>Fingerprint of a request: SHA-256 of its JSON.</summary>
    public static ReadOnlyMemory<byte> Fingerprint<TRequest>(TRequest request) => SHA256.HashData(RowJson.Write(request).Span);
}
