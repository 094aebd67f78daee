using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary><c>/v1/openai</c>: the protocol OpenAI's clients speak, errors included; and what this gateway saw of a subnet's miners.</summary>
public static class ServingEndpoints
{
    private const string Scope = "inference:write";

    /// <summary>Maps the endpoints.</summary>
    public static void MapServingEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/openai").WithTags("OpenAI").WithMetadata(OpenAiDialect.Instance).RequireScope(Scope);
        group.MapPost("chat/completions", Serve(InferenceKind.Chat)).Describe("createChatCompletion", "A chat's next message from a subnet's best miner (OpenAI's protocol; stream: true for server-sent events)");
        group.MapPost("completions", Serve(InferenceKind.Completion)).Describe("createCompletion", "A text's continuation (OpenAI's protocol)");
        group.MapPost("embeddings", Serve(InferenceKind.Embedding)).Describe("createEmbedding", "Vectors of texts (OpenAI's protocol)");
        group.MapPost("images/generations", Serve(InferenceKind.Image)).Describe("createImage", "Images from text (OpenAI's protocol)");
        group.MapGet("models", ModelsAsync).WithName("listModels").WithSummary("Subnets as models (OpenAI's protocol)").Produces<ModelList>();
        group.MapGet("models/{model}", ModelAsync).WithName("getModel").WithSummary("One subnet as a model (OpenAI's protocol)").Produces<ModelView>();
        routes.MapGet("/v1/subnets/{netuid:int}/serving", MinersAsync).AllowAnonymous().WithTags("Subnets").WithName("getServing")
            .WithSummary("What this gateway saw of the subnet's miners since it started: tries, failures, first tokens").Produces<IReadOnlyList<MinerServing>>();
    }

    private static RequestDelegate Serve(InferenceKind kind) => context => ServeAsync(context, kind);

    private static void Describe(this IEndpointConventionBuilder endpoint, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary).WithoutIdempotencyKey().WithMetadata(
            new AcceptsMetadata(["application/json"], typeof(System.Text.Json.Nodes.JsonObject)),
            new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(System.Text.Json.Nodes.JsonObject), ["application/json"]));

    private static async Task ServeAsync(HttpContext context, InferenceKind kind)
    {
        var options = context.RequestServices.GetRequiredService<IOptions<ServingOptions>>().Value;
        var caller = Caller.Of(context)!;
        var slots = context.RequestServices.GetRequiredService<CallerSlots>();
        if (!slots.TryEnter(caller.Identity))
        {
            await Problems.WriteAsync(context, Refusal.Of(
                ServingErrors.TooMany, $"You have {options.RequestsPerCallerMax} requests open, the most there may be.", ("max", options.RequestsPerCallerMax)), StatusCodes.Status429TooManyRequests);
            return;
        }

        try
        {
            if (!context.Request.HasJsonContentType())
            {
                throw new BadHttpRequestException("The body must be application/json.", StatusCodes.Status415UnsupportedMediaType);
            }

            var request = InferenceRequestReader.Read(kind, await ReadAsync(context, options.PromptBytesMax), options.Limits);
            if (!request.IsOk)
            {
                await Problems.WriteAsync(context, request.Refusal);
                return;
            }

            await context.RequestServices.GetRequiredService<InferenceProxy>().ServeAsync(context, caller.Identity, request.Value);
        }
        finally
        {
            slots.Leave(caller.Identity);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, int max)
    {
        if (context.Request.ContentLength > max)
        {
            throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
        }

        using var body = new MemoryStream((int)(context.Request.ContentLength ?? 4_096));
        var buffer = new byte[16_384];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (body.Length + read > max)
            {
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            }

            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

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

/// <summary>Requests one caller has open in this process.</summary>
public sealed class CallerSlots(IOptions<ServingOptions> options)
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Takes a slot; false when the caller has all of his.</summary>
    public bool TryEnter(string caller)
    {
        if (_open.AddOrUpdate(caller, 1, static (_, count) => count + 1) <= options.Value.RequestsPerCallerMax)
        {
            return true;
        }

        Leave(caller);
        return false;
    }

    /// <summary>Gives a slot back.</summary>
    public void Leave(string caller)
    {
        var left = _open.AddOrUpdate(caller, 0, static (_, count) => count - 1);
        if (left <= 0)
        {
            _open.TryRemove(KeyValuePair.Create(caller, left));
        }
    }
}
