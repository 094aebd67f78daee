using DepinGrains.Contracts.Common;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.State;

/// <summary>Two activations of one grain over one store: the one whose memory is behind must find out.</summary>
public sealed class StaleMemoryTests
{
    private static readonly ReadOnlyMemory<byte> Print = Changes.Fingerprint("pause");
    private readonly InMemoryStore _store = new([HostnameState.Kind.Table], TimeProvider.System);
    private int _left;

    [Fact]
    public async Task AnAnswerThatAnotherActivationGave_MakesTheOneBehindLeave()
    {
        var writer = await ActivateAsync();
        await WriteAsync(writer, "one");
        var stale = await ActivateAsync();
        await WriteAsync(writer, "two");

        await Assert.ThrowsAsync<StateLostException>(() => stale.RememberedAsync<string>("two", Print));

        Assert.Equal(1, _left);
        Assert.Throws<StateLostException>(stale.ThrowIfLost);
        Assert.Equal("two", (await writer.RememberedAsync<string>("two", Print))!.Value.Value);
    }

    [Fact]
    public async Task AnAnswerOfOnesOwn_OrOfBeforeTheActivation_IsGiven()
    {
        var first = await ActivateAsync();
        await WriteAsync(first, "one");
        var second = await ActivateAsync();

        Assert.Equal("one", (await first.RememberedAsync<string>("one", Print))!.Value.Value);
        Assert.Equal("one", (await second.RememberedAsync<string>("one", Print))!.Value.Value);
        Assert.Null(await second.RememberedAsync<string>("unknown", Print));
        Assert.Equal(0, _left);
    }

    private async Task<GrainRow<HostnameState>> ActivateAsync()
    {
        var row = new GrainRow<HostnameState>(_store, HostnameState.Kind, "name", () => _left++);
        await row.LoadAsync(CancellationToken.None);
        return row;
    }

    private static async Task WriteAsync(GrainRow<HostnameState> row, string operation) =>
        Assert.Null(await row.CommitAsync(new HostnameState("name", operation, DateTimeOffset.UnixEpoch), new Changes().Remember(operation, Print, (Result<string>)operation)));
}
