using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class FilterTests(FilterTests.Fixture fixture) : IClassFixture<FilterTests.Fixture>
{
    private IRuntimeHost Running => fixture.Host;

    [Fact]
    public async Task Incoming_filters_run_in_order_and_the_grain_itself_last()
    {
        Assert.Equal("first(second(own(hello)))", await Grain("wrapped").Echo("hello").Soon());
        Assert.Equal(
            ["first Echo FilteredGrain filtered/wrapped", "second Echo FilteredGrain filtered/wrapped"],
            Board.Of("wrapped").Notes.Where(n => !n.StartsWith("out", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_filter_may_refuse_a_call()
    {
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => Grain("refuses").Echo("forbidden").Soon());
        Assert.Single(Board.Of("refuses").Notes, n => !n.StartsWith("out", StringComparison.Ordinal));
        Assert.Equal("first(second(own(fine)))", await Grain("refuses").Echo("fine").Soon());
    }

    [Fact]
    public async Task An_outgoing_filter_sees_who_calls()
    {
        await Grain("near").EchoVia("far", "x").Soon();
        Assert.Contains("out Echo from filtered/near", Board.Of("far").Notes);
    }

    [Fact]
    public async Task A_method_without_an_answer_passes_filters_too() => await Grain("nothing").Nothing().Soon();

    private IFilteredGrain Grain(string key) => Running.Grains.GetGrain<IFilteredGrain>(key);

    public sealed class Fixture : IAsyncLifetime
    {
        internal IRuntimeHost Host { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Host = await RuntimeHost.StartAsync(new RuntimeSettings
        {
            Services = static services => services
                .AddSingleton<IIncomingGrainCallFilter>(new IncomingFilter("first"))
                .AddSingleton<IIncomingGrainCallFilter>(new IncomingFilter("second"))
                .AddSingleton<IOutgoingGrainCallFilter>(new OutgoingFilter("out")),
        });

        public async ValueTask DisposeAsync() => await Host.DisposeAsync();
    }
}
