using DepinGrains.LocalRuntime.Reminders;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Local;

public sealed class SqliteReminderStoreTests
{
    [Fact]
    public async Task Reminders_outlive_the_store_object_and_are_replaced_and_removed()
    {
        var folder = Directory.CreateTempSubdirectory("depin-reminders");
        var connection = $"Data Source={Path.Combine(folder.FullName, "reminders.db")};Pooling=False";
        var start = new DateTime(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        var grain = GrainId.Create("lease", "a/b'c");
        var store = new SqliteReminderStore(connection);
        await store.PutAsync(new ReminderEntry(grain, "one", start, TimeSpan.FromMinutes(1)));
        await store.PutAsync(new ReminderEntry(grain, "two", start, TimeSpan.FromMinutes(2)));
        await store.PutAsync(new ReminderEntry(grain, "one", start, TimeSpan.FromMinutes(3)));
        await store.RemoveAsync(grain, "two");
        await store.RemoveAsync(grain, "never there");
        Assert.Equal(
            [new ReminderEntry(grain, "one", start, TimeSpan.FromMinutes(3))],
            await new SqliteReminderStore(connection).LoadAsync(CancellationToken.None));
        folder.Delete(recursive: true);
    }
}
