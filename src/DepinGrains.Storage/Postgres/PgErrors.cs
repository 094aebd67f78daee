using System.Net.Sockets;
using DepinGrains.Storage.Committing;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>What an error of PostgreSQL or of the way to it means.</summary>
internal static class PgErrors
{
    /// <summary>Classes 21 (cardinality), 22 (data), 23 (integrity), 54 (program limits): the data's fault.</summary>
    public static bool IsData(Exception problem) =>
        problem is PostgresException { SqlState: { Length: 5 } state } && state[..2] is "21" or "22" or "23" or "54";

    /// <summary>An ERROR undoes the transaction for certain. FATAL and PANIC, and anything that is not an answer of the server, may come after the commit.</summary>
    public static bool IsSurelyUndone(Exception problem) => problem is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>Anything the way to a database throws when it is away.</summary>
    public static bool IsStore(Exception problem) =>
        problem is NpgsqlException or TimeoutException or IOException or SocketException or ObjectDisposedException or InvalidOperationException;

    /// <summary>A read that failed so may be tried again on another connection.</summary>
    public static bool MayPass(Exception problem) => problem switch
    {
        PostgresException { SqlState: var state } => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal) || state.StartsWith("40", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal),
        _ => IsStore(problem),
    };

    /// <summary>The failure of a batch, as the committer wants it.</summary>
    public static Exception OfBatch(Exception problem, bool commitSent)
    {
        if (IsData(problem))
        {
            return new BatchDataException(problem.Message, null, problem);
        }

        return commitSent && !IsSurelyUndone(problem) ? new BatchAmbiguousException(problem.Message, problem) : new BatchAbortedException(problem.Message, problem);
    }
}
