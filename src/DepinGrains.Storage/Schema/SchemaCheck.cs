namespace DepinGrains.Storage.Schema;

/// <summary>For processes whose database somebody else migrates.</summary>
public static class SchemaCheck
{
    /// <summary>
    /// Throws <see cref="StoreSchemaException"/> when the database lacks what this build cannot work without: started beside the migration, it would otherwise fail at whatever is new.
    /// <see cref="StoreUnavailableException"/> when the database is away.
    /// </summary>
    public static async Task NeedAsync(this IStoreMigrator migrator, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(migrator);
        var missing = await migrator.MissingAsync(cancel).ConfigureAwait(false);
        if (!missing.IsEmpty)
        {
            throw new StoreSchemaException($"the database is not migrated to what this version needs; steps to come: {missing.Length}, the first: {missing[0]} ('depin db migrate' does it)");
        }
    }
}
