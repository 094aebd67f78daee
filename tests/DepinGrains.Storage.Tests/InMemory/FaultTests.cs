using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.InMemory;

public sealed class FaultTests
{
    private static readonly byte[] Me = [1];
    private readonly InMemoryStore _store = new(Kinds.All, TimeProvider.System);

    [Theory]
    [InlineData(StoreFault.None, CommitStatus.Committed, 1)]
    [InlineData(StoreFault.FailBefore, CommitStatus.Unknown, 0)]
    [InlineData(StoreFault.AmbiguousAfter, CommitStatus.Unknown, 1)]
    [InlineData(StoreFault.Conflict, CommitStatus.Conflict, 0)]
    public async Task A_change_set_meets_the_fault(StoreFault fault, CommitStatus heard, long written)
    {
        _store.Fault = point => point is { Call: StoreCall.Commit, Subject: "a" } ? fault : StoreFault.None;
        Assert.Equal(heard, (await _store.CommitAsync(Simple("a", 0))).Status);
        Assert.Equal(CommitStatus.Committed, (await _store.CommitAsync(Simple("b", 0))).Status);
        Assert.Equal(written, (await _store.ReadAsync(Id("a")))?.Version ?? 0);
    }

    [Theory]
    [InlineData(StoreFault.FailBefore, AppendStatus.Unknown, 0)]
    [InlineData(StoreFault.AmbiguousAfter, AppendStatus.Unknown, 1)]
    [InlineData(StoreFault.Conflict, AppendStatus.Fenced, 0)]
    public async Task An_append_meets_the_fault_and_its_writer_is_burnt(StoreFault fault, AppendStatus heard, long written)
    {
        _store.Fault = point => point.Call == StoreCall.Append ? fault : StoreFault.None;
        Assert.Equal(heard, await _store.AppendAsync("t", new JournalBatch(1, DateTimeOffset.UnixEpoch, Bytes("x")), Me));
        _store.Fault = null;
        Assert.Equal(written, await _store.HeadAsync("t"));
        Assert.Equal(AppendStatus.Fenced, await _store.AppendAsync("t", new JournalBatch(written + 1, DateTimeOffset.UnixEpoch, Bytes("y")), Me));
        Assert.Equal(AppendStatus.Appended, await _store.AppendAsync("t", new JournalBatch(written + 1, DateTimeOffset.UnixEpoch, Bytes("y")), new byte[] { 2 }));
    }

    [Fact]
    public async Task Every_call_is_finished_when_it_returns_and_an_absent_store_throws()
    {
        Assert.True(_store.CommitAsync(Simple("a", 0)).AsTask().IsCompletedSuccessfully);
        Assert.True(_store.ReadAsync(Id("a")).IsCompletedSuccessfully);
        Assert.True(_store.AppendAsync("t", new JournalBatch(1, DateTimeOffset.UnixEpoch, Bytes("x")), Me).IsCompletedSuccessfully);
        _store.Fault = _ => StoreFault.Unavailable;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _store.ReadAsync(Id("a")));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await _store.CommitAsync(Simple("a", 1)));
    }
}
