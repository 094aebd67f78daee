using DepinGrains.Agent.Common;
using DepinGrains.Domain.Nodes.Benchmarks;

namespace DepinGrains.Agent.Benchmarks;

/// <summary>Does the work on threads of its own: neither the connection nor the workloads' keepers wait for it.</summary>
internal static class BenchmarkSolver
{
    /// <summary>All answers. Ends within a block's time after a cancellation.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<ulong[]> SolveAsync(byte[] nonce, int blocks, int threads, int nice, CancellationToken cancellationToken)
    {
        var digests = new ulong[blocks];
        var next = -1;
        var workers = Enumerable.Range(0, Math.Clamp(threads, 1, blocks)).Select(_ => StartAsync(() =>
        {
            Libc.Nice(nice);
            var memory = new ulong[BenchmarkWork.Words];
            int block;
            while (!cancellationToken.IsCancellationRequested && (block = Interlocked.Increment(ref next)) < blocks)
            {
                digests[block] = BenchmarkWork.Digest(nonce, block, memory);
            }
        })).ToArray();
        await Task.WhenAll(workers);
        cancellationToken.ThrowIfCancellationRequested();
        return digests;
    }

    private static Task StartAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = "benchmark" }.Start();
        return done.Task;
    }
}
