using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage.Rows;
using Microsoft.AspNetCore.Http.Metadata;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary><c>/v1/openai</c>: the protocol OpenAI's clients speak, errors included; and what gateways saw of a subnet's miners.</summary>
public static class ServingEndpoints
{
    private const string Scope = "inference:write";

    /// <summary>Maps the endpoints.</summary>
    public static void MapServingEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/openai").WithTags("OpenAI").WithMetadata(OpenAiDialect.Instance).RequireScope(Scope);
        group.MapPost("chat/completions", ChatAsync).Describe("createChatCompletion", "A chat's next message from a subnet's best miner (OpenAI's protocol; stream: true for server-sent events)");
        group.MapPost("completions", CompleteAsync).Describe("createCompletion", "A text's continuation (OpenAI's protocol)");
        group.MapPost("embeddings", EmbedAsync).Describe("createEmbedding", "Vectors of texts (OpenAI's protocol)");
        group.MapPost("images/generations", DrawAsync).Describe("createImage", "Images from text (OpenAI's protocol)");
        group.MapGet("models", ModelsAsync).WithName("listModels").WithSummary("Subnets as models (OpenAI's protocol)").Produces<ModelList>();
        group.MapGet("models/{model}", ModelAsync).WithName("getModel").WithSummary("One subnet as a model (OpenAI's protocol)").Produces<ModelView>();
        routes.MapGet("/v1/subnets/{netuid:int}/serving", MinersAsync).AllowAnonymous().WithTags("Subnets").WithName("getServing")
            .WithSummary("What this gateway saw of the subnet's miners since it started: tries, failures, first tokens").Produces<IReadOnlyList<MinerServing>>();
        routes.MapGet("/v1/subnets/{netuid:int}/miners", FiguresAsync).AllowAnonymous().WithTags("Subnets").WithName("listMiners")
            .WithSummary("What all gateways saw of the subnet's miners, by uid: the last day, and since registration").Produces<Page<MinerView>>();
    }

    /// <summary>The figures; they reach as far as each gateway's last report.</summary>
    public static Task<IResult> FiguresAsync(int netuid, PageQuery page, IRowStore store, NetworkClock clock) => RowLists.Async(
        store,
        new ListQuery(MinerServingRow.Kind.Table.Kind, RowLists.Filters(("parent", netuid.ToString(System.Globalization.CultureInfo.InvariantCulture))), "uid", Descending: false, page.Limit, page.Cursor),
        row => MinerView.Of(RowKind<MinerServingRow>.Read(row), clock.Now));

    private static Task ChatAsync(HttpContext context, Caller caller, InferenceServer server) => server.ServeAsync(context, caller, InferenceKind.Chat);

    private static Task CompleteAsync(HttpContext context, Caller caller, InferenceServer server) => server.ServeAsync(context, caller, InferenceKind.Completion);

    private static Task EmbedAsync(HttpContext context, Caller caller, InferenceServer server) => server.ServeAsync(context, caller, InferenceKind.Embedding);

    private static Task DrawAsync(HttpContext context, Caller caller, InferenceServer server) => server.ServeAsync(context, caller, InferenceKind.Image);

    private static void Describe(this IEndpointConventionBuilder endpoint, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary).WithoutIdempotencyKey().WithMetadata(
            new AcceptsMetadata(["application/json"], typeof(System.Text.Json.Nodes.JsonObject)),
            new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(System.Text.Json.Nodes.JsonObject), ["application/json"]));

    private static async Task<IResult> ModelsAsync(IMinerDirectory directory, CancellationToken cancel) =>
        TypedResults.Ok(new ModelList("list", [.. (await directory.ListAsync(cancel)).Select(static n => ModelView.Of(n))]));

    private static async Task<IResult> ModelAsync(string model, IMinerDirectory directory, CancellationToken cancel) =>
        (await directory.ListAsync(cancel)).Select(static n => ModelView.Of(n)).FirstOrDefault(m => m.Id == model) is { } found
            ? TypedResults.Ok(found)
            : Problems.From(Refusal.Of(ServingErrors.ModelNotFound, "Models are called subnet-<n>; this network has no such subnet.", ("param", "model")));

    private static Microsoft.AspNetCore.Http.HttpResults.Ok<IReadOnlyList<MinerServing>> MinersAsync(int netuid, MinerBook book) => TypedResults.Ok(book.Of(netuid));
}

/// <summary>A subnet as a model.</summary>
/// <param name="Id"><c>subnet-n</c>.</param>
/// <param name="Object">Always <c>model</c>.</param>
/// <param name="Created">Unix time; 0: not told.</param>
/// <param name="OwnedBy">Always <c>depin</c>.</param>
public sealed record ModelView(string Id, string Object, long Created, [property: System.Text.Json.Serialization.JsonPropertyName("owned_by")] string OwnedBy)
{
    internal static ModelView Of(int netuid) => new(InferenceRequest.ModelPrefix + netuid.ToString(System.Globalization.CultureInfo.InvariantCulture), "model", 0, "depin");
}

/// <summary>All models.</summary>
public sealed record ModelList(string Object, IReadOnlyList<ModelView> Data);
