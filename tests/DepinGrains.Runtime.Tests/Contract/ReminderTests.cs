using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class ReminderTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_reminder_ticks_until_it_is_unregistered()
    {
        await using var host = await StartAsync(new ReminderMemory());
        var grain = host.Grains.GetGrain<IReminderGrain>("ticks");
        var board = Board.Of("ticks");
        await grain.Register("wake", TimeSpan.Zero, Short);
        Assert.True(await grain.IsRegistered("wake"));
        await Eventually.TrueAsync(() => board.Notes.Count(n => n == "wake 1") >= 2, "two ticks");
        await grain.Unregister("wake");
        Assert.False(await grain.IsRegistered("wake"));
        var seen = board.Notes.Length;
        // Another reminder's two ticks show that time went on.
        await grain.Register("other", TimeSpan.Zero, Short);
        await Eventually.TrueAsync(() => board.Notes.Count(n => n == "other 1") >= 2, "two ticks of another");
        Assert.InRange(board.Notes.Count(n => n == "wake 1"), seen - 1, seen + 1);
    }

    [Fact]
    public async Task A_reminder_ticks_after_a_restart_without_anyone_asking()
    {
        var memory = new ReminderMemory();
        await using (var host = await StartAsync(memory))
        {
            await host.Grains.GetGrain<IReminderGrain>("restart").Register("wake", TimeSpan.FromSeconds(1), Short);
        }

        var before = Board.Of("restart").Notes.Length;
        await using var next = await StartAsync(memory);
        await Eventually.TrueAsync(() => Board.Of("restart").Notes.Length > before, "a tick after the restart");
        Assert.True(await next.Grains.GetGrain<IReminderGrain>("restart").IsRegistered("wake"));
    }

    [Fact]
    public async Task A_period_below_the_minimum_and_a_grain_that_cannot_be_reminded_are_refused()
    {
        await using var host = await RuntimeHost.StartAsync();
        var grain = host.Grains.GetGrain<IReminderGrain>("refused");
        await Assert.ThrowsAsync<ArgumentException>(() => grain.Register("x", TimeSpan.Zero, TimeSpan.FromSeconds(59)).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Grains.GetGrain<IUnremindableGrain>("refused").Register().Soon());
    }

    private static Task<IRuntimeHost> StartAsync(ReminderMemory memory) =>
        RuntimeHost.StartAsync(new RuntimeSettings { Reminders = memory, MinimumReminderPeriod = TimeSpan.FromMilliseconds(100) });
}
