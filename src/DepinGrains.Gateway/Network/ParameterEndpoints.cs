using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Network;
using DepinGrains.Domain.Network;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Network;

/// <summary>A parameter to set.</summary>
/// <param name="Name">Full name, e.g. <c>take_fee.uakt</c>.</param>
/// <param name="Value">In the parameter's unit.</param>
/// <param name="EffectiveAt">From when; as soon as possible when absent.</param>
public sealed record SetParameterRequest([property: Required, StringLength(100, MinimumLength = 1)] string Name, long Value, DateTimeOffset? EffectiveAt = null);

/// <summary>A parameter as it stands.</summary>
/// <param name="Upcoming">Changes that do not hold yet.</param>
public sealed record ParameterResponse(string Name, long Value, string Unit, long Min, long Max, string Summary, ImmutableArray<UpcomingValue> Upcoming);

/// <summary>A value that will hold from an instant on.</summary>
public sealed record UpcomingValue(long Value, DateTimeOffset EffectiveAt);

/// <summary><c>/v1/network/parameters</c>: what the network's rules are, were and will be.</summary>
public static class ParameterEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapParameterEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/network/parameters").WithTags("Network");
        group.MapGet("", ListAsync).AllowAnonymous().WithName("listParameters").WithSummary("Every parameter with its value now and changes to come")
            .Produces<ImmutableArray<ParameterResponse>>();
        group.MapGet("history", HistoryAsync).AllowAnonymous().WithName("parameterHistory").WithSummary("Changes, newest effective time first");
        group.MapPost("", SetAsync).RequireSignature().WithName("setParameter").WithSummary("Set a parameter, now or from an instant on (operators)").Produces<ParameterChange>();
    }

    /// <summary>The values now.</summary>
    public static async Task<IResult> ListAsync(NetworkParameters parameters, TokenCatalog tokens)
    {
        var values = await parameters.NowAsync();
        var all = ImmutableArray.CreateBuilder<ParameterResponse>();
        foreach (var definition in NetworkParameterCatalog.All)
        {
            if (!definition.PerDenom)
            {
                all.Add(Show(definition, definition.Name, values[definition.Name], values));
                continue;
            }

            foreach (var denom in tokens.All.Select(static t => t.Denom).Append(NetworkParameterCatalog.AnyDenom))
            {
                all.Add(Show(definition, $"{definition.Name}.{denom}", values.Of(definition.Name, denom), values));
            }
        }

        return TypedResults.Ok(all.DrainToImmutable());
    }

    /// <summary>The history.</summary>
    public static Task<IResult> HistoryAsync(PageQuery page, IRowStore store, string? name) => RowLists.Async(
        store,
        new ListQuery(ParameterRow.Kind.Table.Kind, RowLists.Filters(("name", name)), "effective_ms", Descending: true, page.Limit, page.Cursor),
        static row => RowKind<ParameterRow>.Read(row).View);

    /// <summary>Sets one.</summary>
    public static async Task<IResult> SetAsync(SetParameterRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyOperatorAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var set = await grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network)
            .SetAsync(caller.OperationId(context), new SetParameter(body.Name, body.Value, body.EffectiveAt, caller.Identity));
        return set.IsOk ? TypedResults.Ok(set.Value) : Problems.From(set.Refusal);
    }

    private static ParameterResponse Show(ParameterDefinition definition, string name, long value, ParameterValues values) => new(
        name,
        value,
        definition.Unit,
        definition.Min,
        definition.Max,
        definition.Summary,
        values.Schedule.Entries.TryGetValue(name, out var entries)
            ? [.. entries.Where(e => e.EffectiveFrom > values.At).OrderBy(static e => e.EffectiveFrom).Select(static e => new UpcomingValue(e.Value, e.EffectiveFrom))]
            : []);
}
