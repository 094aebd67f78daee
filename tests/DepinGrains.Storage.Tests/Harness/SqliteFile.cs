namespace DepinGrains.Storage.Tests.Harness;

/// <summary>A folder of its own for a database file.</summary>
public static class SqliteFile
{
    public static string NewFolder() => Directory.CreateTempSubdirectory("depin-store-").FullName;

    public static StoreOptions Options(string folder) => new() { Kind = "sqlite", Connection = Path.Combine(folder, "depin.db"), RetryFor = TimeSpan.FromSeconds(2) };

    public static async Task<StoreHarness> OpenAsync()
    {
        var folder = NewFolder();
        return await OpenedStoreHarness.OpenAsync(Options(folder), () =>
        {
            Directory.Delete(folder, true);
            return ValueTask.CompletedTask;
        });
    }
}
