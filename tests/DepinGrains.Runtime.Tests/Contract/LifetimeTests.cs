using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class LifetimeTests(LifetimeTests.Fixture fixture) : IClassFixture<LifetimeTests.Fixture>
{
    private IRuntimeHost Running => fixture.Host;

    [Fact]
    public async Task The_grain_is_told_of_its_activation_once_and_before_the_first_call()
    {
        var grain = Running.Grains.GetGrain<ILifeGrain>("told");
        var calls = Enumerable.Range(0, 5).Select(_ => grain.Instance()).ToList();
        Assert.Single((await Task.WhenAll(calls).Soon()).Distinct());
        Assert.Equal(["activating", "activated", "called", "called", "called", "called", "called"], Board.Of("told").Notes[..7]);
    }

    [Fact]
    public async Task A_failing_activation_fails_the_call_and_the_next_call_tries_again()
    {
        var grain = Running.Grains.GetGrain<ILifeGrain>("fails-once");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => grain.Instance().Soon());
        Assert.Contains("not this time", failure.ToString(), StringComparison.Ordinal);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await grain.Instance().Soon() > 0;
                }
                catch (NotSupportedException)
                {
                    return false;
                }
            },
            "a second activation");
        Assert.Equal(1, Board.Of("fails-once").Notes.Count(n => n == "activated"));
    }

    [Fact]
    public async Task Deactivation_on_request_ends_the_instance_its_scope_and_the_next_call_gets_a_new_one()
    {
        var grain = Running.Grains.GetGrain<ILifeGrain>("on-request");
        var first = await grain.DeactivateSoon().Soon();
        var board = Board.Of("on-request");
        await board.Until("deactivated ApplicationRequested");
        await board.Until("scope disposed");
        Assert.NotEqual(first, await grain.Instance().Soon());
    }

    [Fact]
    public async Task Calls_waiting_at_a_deactivation_are_answered_by_the_next_activation()
    {
        var grain = Running.Grains.GetGrain<ILifeGrain>("handed-over");
        var board = Board.Of("handed-over");
        var going = grain.WaitThenDeactivate();
        await board.Until("waiting");
        var waiting = Enumerable.Range(0, 10).Select(_ => grain.Instance()).ToList();
        board.Open("go");
        await going.Soon();
        Assert.Single((await Task.WhenAll(waiting).Soon()).Distinct());
        Assert.Equal(2, board.Notes.Count(n => n == "activated"));
    }

    [Fact]
    public async Task An_unused_grain_is_collected()
    {
        var grain = Running.Grains.GetGrain<ILifeGrain>("idle");
        var first = await grain.Instance().Soon();
        await Board.Of("idle").Until("deactivated ActivationIdle");
        Assert.NotEqual(first, await grain.Instance().Soon());
    }

    [Fact]
    public async Task Stopping_the_runtime_tells_every_grain()
    {
        await using var host = await RuntimeHost.StartAsync(new RuntimeSettings { Services = static services => services.AddScoped<ScopedThing>() });
        await host.Grains.GetGrain<ILifeGrain>("stopped").Instance().Soon();
        await host.StopAsync();
        Assert.Contains("deactivated ShuttingDown", Board.Of("stopped").Notes);
    }

    [Fact]
    public async Task A_grain_may_be_any_class_with_a_context()
    {
        var key = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
        Assert.Equal("told plain/00112233445566778899aabbccddeeff True", await Running.Grains.GetGrain<IPlainGrain>(key).Identity().Soon());
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal IRuntimeHost Host { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Host = await RuntimeHost.StartAsync(new RuntimeSettings
        {
            CollectionAge = TimeSpan.FromSeconds(2),
            CollectionQuantum = TimeSpan.FromSeconds(1),
            Services = static services => services.AddScoped<ScopedThing>(),
        });

        public async ValueTask DisposeAsync() => await Host.DisposeAsync();
    }
}
