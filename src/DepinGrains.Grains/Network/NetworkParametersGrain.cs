using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Network;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Network;

/// <summary>The row all changes of parameters are guarded by.</summary>
public sealed record ParameterSetState(long Changes) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ParameterSetState> Kind = new(new TableDefinition("parameter_set", [], []), static _ => []);
}

/// <summary>One change of one parameter, for ever; a child row.</summary>
public sealed record ParameterRow(long Ordinal, string Name, long Value, DateTimeOffset EffectiveAt, string By, DateTimeOffset SetAt, string Cause) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ParameterRow> Kind = new(
        new TableDefinition("parameter", [new("name", ColumnType.Text), new("effective_ms", ColumnType.Int64)], [new("name", ["name", "effective_ms"])]),
        static s => [s.Name, s.EffectiveAt.ToUnixTimeMilliseconds()]);

    /// <summary>Keys sort in the order changes were made.</summary>
    public static string KeyOf(long ordinal) => ordinal.ToString("D12", CultureInfo.InvariantCulture);

    /// <summary>As the schedule takes it.</summary>
    public ParameterEntry Entry => new(Name, Value, EffectiveAt, Ordinal);

    /// <summary>As callers see it.</summary>
    public ParameterChange View => new(Ordinal, Name, Value, EffectiveAt, By, SetAt, Cause);
}

/// <summary>Writes parameters.</summary>
[GrainType("depin.parameters")]
public sealed class NetworkParametersGrain(IRowStore store, NetworkClock clock, IOptions<ParameterOptions> options) : Grain, INetworkParametersGrain
{
    private GrainRow<ParameterSetState> _row = null!;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<ParameterSetState>(store, ParameterSetState.Kind, this.GetPrimaryKeyString(), DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<ParameterChange>> SetAsync(string operationId, SetParameter command)
    {
        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<ParameterChange>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var now = clock.Now;
        if (NetworkParameterCatalog.WhyNot(command.Name, command.Value, command.EffectiveAt, now) is { } refusal)
        {
            return refusal;
        }

        var made = _row.Value?.Changes ?? 0;
        if (made >= options.Value.ChangesMax)
        {
            return Refusal.Of("parameter.too_many", $"{made} changes were made, the most that are kept", ("max", options.Value.ChangesMax));
        }

        var earliest = now + options.Value.Notice;
        var row = new ParameterRow(made + 1, command.Name, command.Value, command.EffectiveAt is { } at && at > earliest ? at : earliest, command.By, now, command.Cause);
        var changes = new Changes()
            .With(ParameterRow.Kind.Child(this.GetPrimaryKeyString(), ParameterRow.KeyOf(row.Ordinal), row))
            .Event("network", "parameter.set", row.Name, row.View)
            .Remember<Result<ParameterChange>>(operationId, print, row.View);
        return await _row.CommitAsync(new ParameterSetState(row.Ordinal), changes) is { } unstorable ? unstorable : row.View;
    }
}
