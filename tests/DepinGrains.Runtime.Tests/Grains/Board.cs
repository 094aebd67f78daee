using System.Collections.Concurrent;

namespace DepinGrains.Runtime.Tests.Grains;

/// <summary>What grains tell tests and tests tell grains; both are in one process. A board belongs to a key.</summary>
internal sealed class Board
{
    private static readonly ConcurrentDictionary<string, Board> Boards = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentQueue<string> _notes = new();

    public string[] Notes => [.. _notes];

    public static Board Of(string key) => Boards.GetOrAdd(key, static _ => new Board());

    public void Note(string text) => _notes.Enqueue(text);

    /// <summary>Completes when <see cref="Open"/> was called.</summary>
    public Task Gate(string name) => GateOf(name).Task;

    public void Open(string name) => GateOf(name).TrySetResult();

    public Task Until(string note) => Hosting.Eventually.TrueAsync(() => _notes.Contains(note), note);

    private TaskCompletionSource GateOf(string name) => _gates.GetOrAdd(name, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
