using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Storage.Committing;

/// <summary>
/// The committer: one thread that gathers what waits into one transaction and answers each caller separately. A batch that fails because of data is split until the bad
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
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stopping = new();
    private int _disposed;

    public CommitLoop(string name, CommitQueue queue, IBatchWriter writer, TimeSpan retryFor, ILogger log)
    {
        _queue = queue;
        _writer = writer;
        _retryFor = retryFor;
        _log = log;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Stops taking, finishes what waits, ends the thread.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _queue.Close();
        _stopping.Set();
        _thread.Join();
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
                Process([.. batch]);
            }
        }
    }

    private void Process(List<CommitItem> batch)
    {
        var work = new Stack<List<CommitItem>>();
        work.Push(batch);
        var pause = FirstPause;
        while (work.TryPop(out var part))
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                _writer.Write(part);
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
                    _stopping.Wait(pause);
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

        var closing = _stopping.IsSet;
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
