namespace DepinGrains.Storage.Schema;

/// <summary>The database's schema and the table definitions contradict each other; a person must decide.</summary>
public sealed class StoreSchemaException(string message) : Exception(message);
