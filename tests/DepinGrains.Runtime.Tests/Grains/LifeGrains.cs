using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Grains;

/// <summary>Notes its life on the board of its key.</summary>
public interface ILifeGrain : IGrainWithStringKey
{
    /// <summary>A number of the instance.</summary>
    Task<int> Instance();

    Task<int> DeactivateSoon();

    Task WaitThenDeactivate();
}

public sealed class LifeGrain(ScopedThing thing) : Grain, ILifeGrain
{
    private static int _instances;
    private readonly int _instance = Interlocked.Increment(ref _instances);

    private Board Board => Board.Of(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        thing.Owner = this.GetPrimaryKeyString();
        Board.Note("activating");
        await Task.Yield();
        if (this.GetPrimaryKeyString().StartsWith("fails-once", StringComparison.Ordinal) && Board.Notes.Length == 1)
        {
            throw new NotSupportedException("not this time");
        }

        Board.Note("activated");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Board.Note($"deactivated {reason.ReasonCode}");
    }

    public Task<int> Instance()
    {
        Board.Note("called");
        return Task.FromResult(_instance);
    }

    public Task<int> DeactivateSoon()
    {
        DeactivateOnIdle();
        return Task.FromResult(_instance);
    }

    public async Task WaitThenDeactivate()
    {
        Board.Note("waiting");
        await Board.Gate("go");
        DeactivateOnIdle();
    }
}

/// <summary>Lives as long as its activation.</summary>
public sealed class ScopedThing : IDisposable
{
    public string Owner { get; set; } = "";

    public void Dispose() => Board.Of(Owner).Note("scope disposed");
}

/// <summary>A grain without the usual base class.</summary>
public interface IPlainGrain : IGrainWithGuidKey
{
    Task<string> Identity();
}

public sealed class PlainGrain(IGrainContext context, IServiceProvider services) : IGrainBase, IPlainGrain
{
    private string _told = "not told";

    public IGrainContext GrainContext => context;

    public Task OnActivateAsync(CancellationToken token)
    {
        _told = "told";
        return Task.CompletedTask;
    }

    public Task<string> Identity() => Task.FromResult($"{_told} {context.GrainId} {services.GetService<IGrainFactory>() is not null}");
}
