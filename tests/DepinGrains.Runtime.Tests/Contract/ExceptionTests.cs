using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class ExceptionTests(StandardHost standard) : IClassFixture<StandardHost>
{
    private IFailingGrain Grain => standard.Host.Grains.GetGrain<IFailingGrain>("fails");

    [Fact]
    public async Task An_exception_reaches_the_caller_with_type_message_and_cause()
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Grain.ThrowAtOnce().Soon());
        Assert.Equal("at once", exception.Message);
        Assert.Equal("inner", Assert.IsType<ArgumentException>(exception.InnerException).Message);
    }

    [Fact]
    public async Task An_exception_keeps_its_members_and_the_stack_of_the_grain()
    {
        var exception = await Assert.ThrowsAsync<QuotaException>(() => Grain.ThrowLater().Soon());
        Assert.Equal(7, exception.Limit);
        Assert.Contains("FailingGrain.Deep", exception.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_grain_catches_what_another_throws() => Assert.Equal("too much 7", await Grain.CatchFrom("other").Soon());

    [Fact]
    public async Task A_grain_that_throws_goes_on_living()
    {
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => Grain.ThrowAtOnce().Soon());
        }
    }

    [Fact]
    public async Task A_cancellation_thrown_by_the_grain_reaches_the_caller()
    {
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Grain.ThrowCanceled().Soon());
        Assert.Equal("changed my mind", exception.Message);
    }

    [Fact]
    public void A_key_must_say_something()
    {
        Assert.ThrowsAny<ArgumentException>(() => standard.Host.Grains.GetGrain<IFailingGrain>(""));
        Assert.ThrowsAny<ArgumentException>(() => standard.Host.Grains.GetGrain<IFailingGrain>("  "));
        Assert.ThrowsAny<ArgumentException>(() => standard.Host.Grains.GetGrain<IFailingGrain>((string)null!));
    }

    [Fact]
    public void An_interface_nobody_implements_is_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => standard.Host.Grains.GetGrain<INobodysGrain>("x"));
}

public interface INobodysGrain : IGrainWithStringKey
{
    Task Call();
}
