using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Storage.Committing;

/// <summary>
/// The committer: gathers what waits into one transaction and answers each caller separately, one batch at a time. A store whose calls block gets a thread of its own; one that
/// answers over a socket runs on the thread pool, where an answer costs two thread switches less. A batch that fails because of data is split until the bad
/// item stands alone; one that fails for any other reason is executed again with the same write ids on a fresh connection (which resolves an unknown commit as well:
/// a root that already stands at our version under our write id was committed), until an item is older than the retry time.
/// </summary>
internal sealed partial class CommitLoop : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);
    private readonly CommitQueue _queue;
    private readonly IBatchWriter _writer;
    private readonly TimeSpan _retryFor;
    private readonly ILogger _log;
    private readonly Thread? _thread;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <param name="thread">Name of a thread of its own, or null to run on the thread pool while there is work.</param>
    /// <param name="queue">What waits.</param>
    /// <param name="writer">The store.</param>
    /// <param name="retryFor">How long an item is tried again.</param>
    /// <param name="log">Failures are told here.</param>
    public CommitLoop(string? thread, CommitQueue queue, IBatchWriter writer, TimeSpan retryFor, ILogger log)
    {
        _queue = queue;
        _writer = writer;
        _retryFor = retryFor;
        _log = log;
        if (thread is null)
        {
            queue.PumpBy(() => ThreadPool.UnsafeQueueUserWorkItem(static loop => _ = loop.PumpAsync(), this, preferLocal: true));
            return;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = thread };
        _thread.Start();
    }

    /// <summary>Stops taking, finishes what waits, ends.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        var idle = _queue.Close();
        _stopping.Cancel();
        if (_thread is not null)
        {
            _thread.Join();
        }
        else if (!idle)
        {
            _ended.Task.GetAwaiter().GetResult();
        }

        _writer.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        var batch = new List<CommitItem>();
        while (_queue.Take(batch, out var background))
        {
            if (background is not null)
            {
                background.Run();
            }
            else
            {
                ProcessAsync([.. batch]).GetAwaiter().GetResult();
            }
        }
    }

    private async Task PumpAsync()
    {
        var batch = new List<CommitItem>();
        while (_queue.TryTake(batch))
        {
            await ProcessAsync([.. batch]).ConfigureAwait(false);

            // Those who were just answered have their turn first: on a busy machine what they write next makes the batch larger, on an idle one this takes no time.
            await Task.Yield();
        }

        if (_queue.IsClosed)
        {
            _ended.TrySetResult();
        }
    }

    private async Task ProcessAsync(List<CommitItem> batch)
    {
        var work = new Stack<List<CommitItem>>();
        work.Push(batch);
        var pause = FirstPause;
        while (work.TryPop(out var part))
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                await _writer.WriteAsync(part).ConfigureAwait(false);
                StoreMetrics.Batch(part.Count, Stopwatch.GetElapsedTime(begun));
                part.ForEach(item => item.Complete());
                pause = FirstPause;
            }
            catch (BatchDataException problem)
            {
                Isolate(part, problem, work);
            }
            catch (Exception problem)
            {
                KeepForRetry(part, problem);
                if (part.Count > 0)
                {
                    work.Push(part);
                    await Task.Delay(pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
    }

    private void Isolate(List<CommitItem> part, BatchDataException problem, Stack<List<CommitItem>> work)
    {
        if ((problem.Culprit ?? (part.Count == 1 ? part[0] : null)) is { } culprit)
        {
            LogRejected(_log, problem, problem.Message);
            culprit.Reject(problem.Message);
            part.Remove(culprit);
            if (part.Count > 0)
            {
                work.Push(part);
            }

            return;
        }

        var half = part.Count / 2;
        work.Push(part.GetRange(half, part.Count - half));
        work.Push(part.GetRange(0, half));
    }

    private void KeepForRetry(List<CommitItem> part, Exception problem)
    {
        var written = problem is BatchAbortedException ? "nothing of the last try was written" : "the outcome of the commit is not known";
        LogRetry(_log, problem, part.Count, written);
        _writer.Reset();
        if (problem is not BatchAbortedException)
        {
            part.ForEach(item => item.Ambiguous = true);
        }

        var closing = _stopping.IsCancellationRequested;
        part.RemoveAll(item =>
        {
            if (!closing && Stopwatch.GetElapsedTime(item.QueuedAt) < _retryFor)
            {
                return false;
            }

            item.GiveUp($"{problem.Message} ({(item.Ambiguous ? "the outcome of the commit is not known" : "nothing was written")})");
            return true;
        });
    }

    [LoggerMessage(1, LogLevel.Warning, "A batch of {Items} could not be committed and is tried again: {Written}")]
    private static partial void LogRetry(ILogger log, Exception problem, int items, string written);

    [LoggerMessage(2, LogLevel.Warning, "A change set cannot be stored: {Problem}")]
    private static partial void LogRejected(ILogger log, Exception exception, string problem);
}
