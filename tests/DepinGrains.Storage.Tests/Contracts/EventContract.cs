using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Contracts;

public abstract class EventContract : StoreContract
{
    [Fact]
    public async Task An_empty_log_has_head_0_and_an_empty_page()
    {
        Assert.Equal(0, await Store.Events.HeadAsync());
        var page = await Store.Events.ReadAsync(0, null, 10);
        Assert.Empty(page.Events);
        Assert.Equal((0L, false), (page.Position, page.Gone));
    }

    [Fact]
    public async Task Events_come_in_order_with_all_they_carry()
    {
        await CommitAsync(Change(Root("a", 0), events: [Event("market", "a", "{\"n\":1}"), Event("lease/a", "a", "{\"n\":2}")]));
        await CommitAsync(Change(Root("b", 0), events: [Event("market", "b", "{\"n\":3}")]));
        var page = await Store.Events.ReadAsync(0, null, 10);
        Assert.Equal(["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"], page.Events.Select(e => Text(e.Data)));
        Assert.Equal(("market", "lease.created", "a"), (page.Events[0].Topic, page.Events[0].Type, page.Events[0].Subject));
        Assert.InRange(page.Events[0].At, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(page.Events[0].Position < page.Events[1].Position && page.Events[1].Position < page.Events[2].Position);
        Assert.Equal(page.Position, await Store.Events.HeadAsync());
    }

    [Fact]
    public async Task A_reader_resumes_page_by_page_and_by_topic()
    {
        for (var i = 0; i < 25; i++)
        {
            await CommitAsync(Change(Root($"k{i}", 0), events: [Event(i % 2 == 0 ? "even" : "odd", $"{i}")]));
        }

        var all = new List<string>();
        var after = 0L;
        while (await Store.Events.ReadAsync(after, null, 4) is { Events.Length: > 0 } page)
        {
            all.AddRange(page.Events.Select(e => e.Subject));
            after = page.Position;
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i}"), all);
        var odd = await Store.Events.ReadAsync(0, "odd", 100);
        Assert.Equal(12, odd.Events.Length);
        Assert.Equal(await Store.Events.HeadAsync(), odd.Position);
        Assert.Empty((await Store.Events.ReadAsync(0, "odd\0", 100)).Events);
    }

    [Fact]
    public async Task A_reader_resumes_between_the_events_of_one_change_set()
    {
        await CommitAsync(Change(Root("a", 0), events: [Event("one", "1"), Event("two", "1"), Event("one", "2", "{\"n\":2}"), Event("two", "3"), Event("two", "4")]));
        await CommitAsync(Change(Root("a", 1), events: [Event("three", "5"), Event("one", "6")]));
        foreach (var (topic, expected) in ((string?, string[])[])[(null, ["1", "1", "2", "3", "4", "5", "6"]), ("one", ["1", "2", "6"]), ("two", ["1", "3", "4"]), ("three", ["5"])])
        {
            for (var size = 1; size < 4; size++)
            {
                var seen = new List<StoredEvent>();
                var after = 0L;
                while (await Store.Events.ReadAsync(after, topic, size) is { Events.Length: > 0 } page)
                {
                    Assert.InRange(page.Events.Length, 1, size);
                    Assert.True(page.Events[0].Position > after, "an event comes once");
                    seen.AddRange(page.Events);

                    // From the event itself, as who was cut off after it does.
                    after = page.Events[^1].Position;
                }

                Assert.Equal(expected, seen.Select(static e => e.Subject));
                Assert.All(seen, e => Assert.Equal(e.Subject == "2" ? "{\"n\":2}" : "{}", Text(e.Data)));
                Assert.Equal(seen.Select(static e => e.Position).Distinct().Order(), seen.Select(static e => e.Position));
                Assert.Equal(await Store.Events.HeadAsync(), (await Store.Events.ReadAsync(after, topic, size)).Position);
            }
        }
    }

    [Fact]
    public async Task Trimming_drops_the_oldest_and_an_older_cursor_is_gone()
    {
        for (var i = 0; i < 10; i++)
        {
            await CommitAsync(Change(Root($"k{i}", 0), events: [Event("t", $"{i}")]));
        }

        var before = await Store.Events.ReadAsync(0, null, 10);
        Assert.Equal(0, await Store.Events.TrimAsync(DateTimeOffset.UtcNow.AddDays(-1), 100));
        Assert.Equal(4, await Store.Events.TrimAsync(DateTimeOffset.UtcNow.AddDays(1), 4));
        Assert.True((await Store.Events.ReadAsync(0, null, 10)).Gone);
        Assert.True((await Store.Events.ReadAsync(before.Events[2].Position, null, 10)).Gone);
        var kept = await Store.Events.ReadAsync(before.Events[3].Position, null, 10);
        Assert.False(kept.Gone);
        Assert.Equal(["4", "5", "6", "7", "8", "9"], kept.Events.Select(e => e.Subject));

        Assert.Equal(6, await Store.Events.TrimAsync(DateTimeOffset.UtcNow.AddDays(1), 100));
        Assert.Equal(before.Position, await Store.Events.HeadAsync());
        Assert.False((await Store.Events.ReadAsync(before.Position, null, 10)).Gone);
        await CommitAsync(Change(Root("new", 0), events: [Event("t", "new")]));
        Assert.Equal("new", Assert.Single((await Store.Events.ReadAsync(before.Position, null, 10)).Events).Subject);
    }

    [Fact]
    public async Task A_cursor_from_beyond_the_head_is_gone()
    {
        await CommitAsync(Change(Root("a", 0), events: [Event("t", "a")]));
        Assert.True((await Store.Events.ReadAsync(1_000_000_000_000, null, 10)).Gone);
    }

    [Fact]
    public async Task Waiting_ends_when_something_is_written_and_when_the_time_is_up()
    {
        await Store.Events.WaitAsync(0, TimeSpan.FromMilliseconds(20));
        var wait = Store.Events.WaitAsync(0, TimeSpan.FromMinutes(5));
        await CommitAsync(Change(Root("a", 0), events: [Event("t", "a")]));
        await wait.WaitAsync(TimeSpan.FromSeconds(30));
        await Store.Events.WaitAsync(0, TimeSpan.FromMinutes(5)).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var wait = Store.Events.WaitAsync(0, TimeSpan.FromMinutes(5), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_reader_beside_many_writers_misses_nothing_and_sees_nothing_twice()
    {
        using var second = new Disposer(await Store.SecondAsync());
        var stores = second.Store is { } other ? new[] { Rows, other.Rows } : [Rows];
        const int writers = 16, each = 25;
        var seen = new List<(long, string)>();
        var reader = Task.Run(async () =>
        {
            var after = 0L;
            while (seen.Count < writers * each)
            {
                var page = await Store.Events.ReadAsync(after, null, 7);
                Assert.False(page.Gone);
                seen.AddRange(page.Events.Select(e => (e.Position, e.Subject)));
                Assert.True(page.Position >= after);
                after = page.Position;
                if (page.Events.IsEmpty)
                {
                    await Store.Events.WaitAsync(after, TimeSpan.FromSeconds(5));
                }
            }
        });
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                var outcome = await stores[w % stores.Length].CommitAsync(Change(Root($"w{w}", i), events: [Event("t", $"{w}/{i}")]));
                Assert.Equal(CommitStatus.Committed, outcome.Status);
            }
        })));
        await reader.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(writers * each, seen.Select(s => s.Item2).Distinct().Count());
        Assert.Equal(seen.OrderBy(s => s.Item1), seen);
    }

    private sealed class Disposer(Harness.StoreHarness? store) : IDisposable
    {
        public Harness.StoreHarness? Store => store;

        public void Dispose() => store?.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
