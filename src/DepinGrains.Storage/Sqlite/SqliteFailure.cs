namespace DepinGrains.Storage.Sqlite;

/// <summary>A call into SQLite that did not succeed.</summary>
internal sealed class SqliteFailure(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>Extended result code.</summary>
    public int Code { get; } = code;

    /// <summary>CONSTRAINT, TOOBIG, MISMATCH, RANGE: the data's fault. Everything else is the store's.</summary>
    public bool IsData => (Code & 0xFF) is 19 or 18 or 20 or 25;

    /// <summary>BUSY and LOCKED leave an open transaction as it is.</summary>
    public bool IsBusy => (Code & 0xFF) is 5 or 6;
}
