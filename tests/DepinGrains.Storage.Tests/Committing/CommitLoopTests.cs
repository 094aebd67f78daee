using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using DepinGrains.Storage.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Committing;

/// <summary>On a thread of its own, as SQLite wants it.</summary>
public sealed class CommitLoopOnItsThreadTests() : CommitLoopTests("test");

/// <summary>On the thread pool while there is work, as PostgreSQL wants it.</summary>
public sealed class CommitLoopOnThePoolTests() : CommitLoopTests(null);

public abstract class CommitLoopTests(string? thread) : IDisposable
{
    private readonly string? _thread = thread;
    private readonly ScriptedWriter _writer = new();
    private readonly CommitQueue _queue = new(rowsMax: 100, batchMax: 16, bytesMax: 1 << 20, distinctRows: true);
    private readonly ChangeSetCheck _check = new(new TableCatalog(Kinds.All), new StoreOptions());
    private CommitLoop? _loop;

    [Fact]
    public async Task What_waits_together_is_written_together_and_the_batch_is_bounded()
    {
        using var hold = _writer.Hold();
        var first = Add("first", 0);
        _writer.Begin(this);
        await _writer.Entered.WaitAsync(TimeSpan.FromSeconds(60));
        var rest = Enumerable.Range(0, 40).Select(i => Add($"k{i}", 0)).ToList();
        hold.Set();
        await Task.WhenAll(rest.Append(first));
        Assert.Equal([1, 16, 16, 8], _writer.Sizes);
    }

    [Fact]
    public async Task A_full_queue_refuses_the_next()
    {
        using var hold = _writer.Hold();
        var first = Add("first", 0);
        _writer.Begin(this);
        await _writer.Entered.WaitAsync(TimeSpan.FromSeconds(60));
        var waiting = Enumerable.Range(0, 100).Select(i => Add($"k{i}", 0)).ToList();
        await Assert.ThrowsAsync<StoreOverloadedException>(() => Add("one too many", 0));
        hold.Set();
        await Task.WhenAll(waiting.Append(first));
    }

    [Fact]
    public async Task A_change_set_touching_a_row_of_the_batch_opens_the_next_batch()
    {
        var all = new[] { Add("a", 0), Add("b", 0), Add("a", 1), Add("c", 0), Add("a", 2) };
        _writer.Begin(this);
        await Task.WhenAll(all);
        Assert.Equal([2, 2, 1], _writer.Sizes);
    }

    [Fact]
    public async Task A_batch_with_bad_data_is_split_until_the_bad_item_stands_alone()
    {
        _writer.Script = batch => batch.Any(i => i.Root.Id.Key == "bad") ? throw new BatchDataException("bad data", null, null) : true;
        var good = Enumerable.Range(0, 7).Select(i => Add($"g{i}", 0)).ToList();
        var bad = Add("bad", 0);
        good.AddRange(Enumerable.Range(7, 8).Select(i => Add($"g{i}", 0)));
        _writer.Begin(this);
        Assert.All(await Task.WhenAll(good), o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.Equal(new CommitOutcome(CommitStatus.Rejected, 0, "bad data"), await bad);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], _writer.Written.Select(k => int.Parse(k[1..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_transient_failure_is_tried_again_on_a_fresh_connection_until_it_passes()
    {
        var tries = 0;
        _writer.Script = _ => ++tries < 4 ? throw new BatchAbortedException("away", null) : true;
        var all = new[] { Add("a", 0), Add("b", 0) };
        _writer.Begin(this);
        Assert.All(await Task.WhenAll(all), o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.Equal(3, _writer.Resets);
    }

    [Fact]
    public async Task What_fails_for_longer_than_the_retry_time_is_unknown_and_says_whether_anything_was_written()
    {
        _writer.Script = batch => throw (batch[0].Root.Id.Key == "lost" ? new BatchAmbiguousException("gone", null) : new BatchAbortedException("away", null));
        var away = Add("away", 0);
        _writer.Begin(this, TimeSpan.FromMilliseconds(50));
        Assert.Equal(new CommitOutcome(CommitStatus.Unknown, 0, "away (nothing was written)"), await away);
        Assert.Equal(new CommitOutcome(CommitStatus.Unknown, 0, "gone (the outcome of the commit is not known)"), await Add("lost", 0));
    }

    [Fact]
    public async Task An_unforeseen_exception_counts_as_ambiguous()
    {
        var tries = 0;
        var marked = false;
        _writer.Script = batch =>
        {
            marked = batch[0].Ambiguous;
            return ++tries == 1 ? throw new InvalidCastException("a bug") : true;
        };
        var a = Add("a", 0);
        _writer.Begin(this);
        Assert.Equal(CommitStatus.Committed, (await a).Status);
        Assert.True(marked);
    }

    [Theory]
    [InlineData(4, true, true, CommitStatus.Committed)]
    [InlineData(4, false, true, CommitStatus.Conflict)]
    [InlineData(3, false, true, CommitStatus.Conflict)]
    [InlineData(5, false, true, CommitStatus.Unknown)]
    [InlineData(5, false, false, CommitStatus.Conflict)]
    public void A_lost_root_is_judged_by_version_and_write_id(long found, bool ours, bool ambiguous, CommitStatus expected)
    {
        Assert.Null(_check.Admit(Simple("a", 3), out var item));
        item!.Ambiguous = ambiguous;
        Assert.Equal(expected, item.JudgeLoss(found, ours ? item.WriteId : Guid.NewGuid()).Status);
    }

    [Fact]
    public async Task Closing_finishes_what_waits_and_refuses_the_rest()
    {
        var all = Enumerable.Range(0, 50).Select(i => Add($"k{i}", 0)).ToList();
        _writer.Begin(this);
        _loop!.Dispose();
        Assert.All(await Task.WhenAll(all), o => Assert.Equal(CommitStatus.Committed, o.Status));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Add("late", 0));
    }

    public void Dispose()
    {
        _loop?.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task<CommitOutcome> Add(string key, long version)
    {
        Assert.Null(_check.Admit(Simple(key, version), out var item));
        _queue.Add(item!);
        return await item!.Task;
    }

    /// <summary>A writer that does as the test says.</summary>
    private sealed class ScriptedWriter : IBatchWriter
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ManualResetEventSlim? _hold;

        public Func<IReadOnlyList<RowsItem>, bool> Script { get; set; } = _ => true;

        public List<int> Sizes { get; } = [];

        public List<string> Written { get; } = [];

        public int Resets { get; private set; }

        public Task Entered => _entered.Task;

        public bool NeedsDistinctRows => true;

        public ManualResetEventSlim Hold() => _hold = new ManualResetEventSlim();

        public void Begin(CommitLoopTests test, TimeSpan? retryFor = null) =>
            test._loop = new CommitLoop(test._thread, test._queue, this, retryFor ?? TimeSpan.FromSeconds(30), NullLogger.Instance);

        public ValueTask WriteAsync(IReadOnlyList<CommitItem> batch)
        {
            Write(batch);
            return ValueTask.CompletedTask;
        }

        private void Write(IReadOnlyList<CommitItem> batch)
        {
            _entered.TrySetResult();
            _hold?.Wait();
            var items = batch.Cast<RowsItem>().ToList();
            Script(items);
            Sizes.Add(batch.Count);
            foreach (var item in items)
            {
                Written.Add(item.Root.Id.Key);
                item.Decided = new CommitOutcome(CommitStatus.Committed, item.NewVersion, null);
            }
        }

        public void Reset() => Resets++;

        public void Dispose()
        {
        }
    }
}
