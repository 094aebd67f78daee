using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Deployments;

/// <summary>The row of a host name; it stays when the name is given back, so that its version goes on.</summary>
public sealed record HostnameState(string Name, string? Deployment, DateTimeOffset Since) : RowDocument
{
    /// <summary>The table; listed by the deployment that holds them.</summary>
    public static readonly RowKind<HostnameState> Kind = new(
        new TableDefinition("hostname", [new("deployment", ColumnType.Text)], [new("deployment", ["deployment"])]),
        static s => [s.Deployment]);
}

/// <summary>One host name of the network: whoever claims it first has it until it is given back.</summary>
[GrainType("depin.hostname")]
public sealed class HostnameGrain(IRowStore store, NetworkClock clock) : Grain, IHostnameGrain
{
    private GrainRow<HostnameState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<HostnameState>(store, HostnameState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<HostnameView>> ClaimAsync(string deployment)
    {
        _row.ThrowIfLost();
        if (_row.Value is { Deployment: { } holder } held)
        {
            return holder == deployment ? View() : InUse(Id, held.Since);
        }

        return await _row.CommitAsync(new HostnameState(Id, deployment, clock.Now)) is { } refusal ? refusal : View();
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> ReleaseAsync(string deployment)
    {
        _row.ThrowIfLost();
        return _row.Value is { Deployment: { } holder } held && holder == deployment && await _row.CommitAsync(held with { Deployment = null, Since = clock.Now }) is { } refusal
            ? refusal
            : Done.Instance;
    }

    /// <inheritdoc/>
    public Task<HostnameView> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(View());
    }

    /// <summary>Another deployment holds the name; which one is nobody else's business.</summary>
    internal static Refusal InUse(string name, DateTimeOffset? since) =>
        Refusal.Of("hostname.in_use", $"host name {name} is served by another deployment since {since:O}", ("hostname", name), ("since", since?.ToString("O")));

    private HostnameView View() => new(Id, _row.Value?.Deployment, _row.Value is { Deployment: not null } held ? held.Since : null);
}
