using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace DepinGrains.Storage.Sqlite;

/// <summary>A few reading connections. Work runs on pool threads, never on a grain's turn; a connection that failed is thrown away.</summary>
internal sealed class SqliteReaders(string path, int most) : IDisposable
{
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SemaphoreSlim _free = new(most);
    private volatile bool _disposed;

    public Task<T> RunAsync<T>(Func<SqliteSession, T> read, CancellationToken cancel) => Task.Run(async () =>
    {
        var session = await RentAsync(cancel).ConfigureAwait(false);
        var sound = false;
        try
        {
            var answer = read(session);
            sound = true;
            return answer;
        }
        catch (SqliteFailure problem)
        {
            throw new StoreUnavailableException("the store cannot be read: " + problem.Message, problem);
        }
        finally
        {
            Return(session, sound);
        }
    }, cancel);

    /// <summary>A connection for several reads in one snapshot; give it back with <see cref="Return"/>.</summary>
    public async Task<SqliteSession> RentAsync(CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _free.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return _idle.TryTake(out var known) ? known : SqliteSession.Open(path, readOnly: true);
        }
        catch (Exception problem)
        {
            _free.Release();
            if (problem is SqliteFailure or SqliteException)
            {
                throw new StoreUnavailableException("the store cannot be opened: " + problem.Message, problem);
            }

            throw;
        }
    }

    public void Return(SqliteSession session, bool sound)
    {
        if (sound && !_disposed && session.AutoCommit)
        {
            _idle.Add(session);
        }
        else
        {
            session.Dispose();
        }

        _free.Release();
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }
}
