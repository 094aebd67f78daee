using System.Collections.Concurrent;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Logs;

/// <summary>The log of every workload of this agent.</summary>
internal sealed class LogLibrary(AgentPaths paths, LogOptions options)
{
    private readonly ConcurrentDictionary<string, Lazy<LogBook>> _books = new(StringComparer.Ordinal);

    /// <summary>The workload's log, made when absent.</summary>
    public LogBook Open(string workloadId) =>
        _books.GetOrAdd(workloadId, id => new Lazy<LogBook>(() => new LogBook(FolderOf(id), id, options))).Value;

    /// <summary>The workload's log; null when it never ran here.</summary>
    public LogBook? Find(string workloadId) => _books.ContainsKey(workloadId) || Directory.Exists(FolderOf(workloadId)) ? Open(workloadId) : null;

    public void Delete(string workloadId)
    {
        _books.TryRemove(workloadId, out _);
        var folder = FolderOf(workloadId);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Deletes the logs of all workloads of a lease.</summary>
    public void DeleteLease(string leaseId)
    {
        foreach (var folder in Directory.GetDirectories(paths.Logs))
        {
            if (LogBook.OwnerOf(folder) is { } workload && workload.StartsWith(leaseId + "/", StringComparison.Ordinal))
            {
                Delete(workload);
            }
        }
    }

    private string FolderOf(string workloadId) => Path.Combine(paths.Logs, SafeKey.Of(workloadId));
}
