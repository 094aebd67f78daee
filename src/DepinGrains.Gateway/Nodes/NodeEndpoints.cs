using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Nodes;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Joining, listing, draining and retiring nodes, and the agents' WebSocket.</summary>
public static class NodeEndpoints
{
    private static readonly ImmutableArray<string> Statuses = [.. Enum.GetValues<NodeStatus>().Select(NodeRows.StatusText)];

    /// <summary>Maps <c>/v1/nodes</c> and <c>/v1/agent</c>. The host calls <c>UseWebSockets</c> before.</summary>
    public static IEndpointRouteBuilder MapNodes(this IEndpointRouteBuilder app)
    {
        var nodes = app.MapGroup("/v1/nodes").WithTags("Nodes");
        nodes.MapPost("/join", JoinAsync).AllowAnonymous().WithName("JoinNode")
            .WithSummary("A node joins with its provider's one-time token. The same key joins as the same node, however often it is sent.");
        nodes.MapGet("/", ListAsync).AllowAnonymous().WithName("ListNodes").WithSummary("Nodes, last changed first; filters: provider, status, region, gpuModel.");
        nodes.MapGet("/{id}", GetAsync).AllowAnonymous().WithName("GetNode").WithSummary("One node: hardware, what is free, where it stands.");
        nodes.MapPost("/{id}/drain", DrainAsync).RequireSignature().WithName("DrainNode")
            .WithSummary("Takes a node off the market (or offers it again with drain=false); running leases stay. Signed by its provider, or by an operator.");
        nodes.MapPost("/{id}/overcommit", OvercommitAsync).RequireSignature().WithName("OvercommitNode")
            .WithSummary("How much more than it has the node sells, in percent; refused below what is booked. Signed by its provider.");
        nodes.MapPost("/{id}/retire", RetireAsync).RequireSignature().WithName("RetireNode")
            .WithSummary("Takes a node out for good; its leases end by their policies. Signed by its provider.");
        app.MapGet("/v1/agent", static (HttpContext context, AgentSocketHandler handler) => handler.HandleAsync(context))
            .AllowAnonymous().WithTags("Nodes").WithName("AgentSocket").WithSummary("The agent's WebSocket, sub-protocol depin.agent.v1; authenticated by the node's key.").ExcludeFromDescription();
        return app;
    }

    private static async Task<Results<Ok<NodeJoinResponse>, ProblemResult>> JoinAsync(NodeJoinRequest request, IGrainFactory grains, HttpContext context)
    {
        var key = VerificationKey.Parse(request.PublicKey);
        if (!key.IsOk)
        {
            return Problems.From(key.Refusal);
        }

        key.Value.Dispose();
        var dot = request.Token.IndexOf('.', StringComparison.Ordinal);
        var provider = dot > 0 ? request.Token[..dot] : "";
        if (request.Token.Length > 256 || !IdentityIds.IsIdentity(provider))
        {
            return Problems.From(Refusal.Of("provider.join_token_invalid", "a join token is the provider's id, a dot and a secret"));
        }

        if (NodeChecks.Hardware(request.Hardware) is { } invalid)
        {
            return Problems.From(invalid);
        }

        var node = NodeIds.ForKey(Convert.FromBase64String(request.PublicKey));
        var redeemed = await grains.GetGrain<IProviderGrain>(provider).RedeemJoinTokenAsync(request.Token, node);
        if (!redeemed.IsOk)
        {
            return Problems.From(redeemed.Refusal);
        }

        var host = string.IsNullOrEmpty(request.Host) ? ClientAddress.Of(context).ToString() : request.Host;
        var registration = new NodeRegistration(provider, request.PublicKey, request.Hardware, request.Region ?? "", host, []);
        var operation = OperationIds.For(provider, context.Request.Method, "/v1/nodes/join", IdempotencyKey.Of(context)!);
        var joined = await grains.GetGrain<INodeGrain>(node).JoinAsync(operation, registration);
        return joined.IsOk ? TypedResults.Ok(new NodeJoinResponse(joined.Value.Id)) : Problems.From(joined.Refusal);
    }

    private static async Task<Results<Ok<Page<NodeResponse>>, ProblemResult>> ListAsync(
        PageQuery page, IRowStore store, TimeProvider time, string? provider, string? status, string? region, string? gpuModel)
    {
        if (status is not null && !Statuses.Contains(status))
        {
            return Problems.From(Refusal.Of("node.status_invalid", $"status must be one of {string.Join(", ", Statuses)}"));
        }

        var filters = ImmutableArray.CreateBuilder<Filter>();
        foreach (var (column, value) in (ReadOnlySpan<(string, string?)>)[("provider", provider), ("status", status), ("region", region), ("gpu_model", gpuModel)])
        {
            if (value is not null)
            {
                if (!NodeChecks.IsText(value, 0, 128))
                {
                    return Problems.From(Refusal.Of("node.filter_invalid", $"the filter on {column} must be plain text of at most 128 characters"));
                }

                filters.Add(new Filter(column, Comparison.Equal, value));
            }
        }

        try
        {
            var rows = await store.ListAsync(new ListQuery(NodeRows.Node.Table.Kind, filters.ToImmutable(), "updated_ms", Descending: true, page.Limit, page.Cursor));
            var now = time.GetUtcNow();
            return TypedResults.Ok(new Page<NodeResponse>([.. rows.Rows.Select(row => NodeResponse.Of(row, now))], rows.NextCursor));
        }
        catch (InvalidCursorException)
        {
            return Problems.From(Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this list gave."));
        }
    }

    private static async Task<IResult> GetAsync(string id, IRowStore store, TimeProvider time, HttpContext context)
    {
        var row = NodeIds.IsNode(id) ? await store.ReadAsync(RowId.Root(NodeRows.Node.Table.Kind, id)) : null;
        return row is null ? Problems.From(NotFound()) : EntityTags.Read(context, NodeResponse.Of(row, time.GetUtcNow()), row.Version, weak: true);
    }

    private static async Task<Results<Ok<NodeResponse>, ProblemResult>> DrainAsync(string id, DrainNodeRequest request, Caller caller, IGrainFactory grains, HttpContext context)
    {
        var owner = caller.Identity;
        if (caller.IsOperator && NodeIds.IsNode(id) && await grains.GetGrain<INodeGrain>(id).GetAsync() is { IsOk: true, Value: var node } && node.Provider != owner)
        {
            if (await caller.VerifyOperatorAsync(grains) is { } refusal)
            {
                return Problems.From(refusal);
            }

            owner = node.Provider;
        }

        var answer = await ActAsync(id, caller, grains, grain => grain.DrainAsync(caller.OperationId(context), owner, request.Drain));
        return answer.IsOk ? TypedResults.Ok(NodeResponse.Of(answer.Value)) : Problems.From(answer.Refusal);
    }

    private static async Task<Results<Ok<NodeResponse>, ProblemResult>> OvercommitAsync(string id, OvercommitNodeRequest request, Caller caller, IGrainFactory grains, HttpContext context)
    {
        var wanted = new NodeOvercommit(request.CpuPercent, request.MemoryPercent, request.StoragePercent);
        var answer = await ActAsync(id, caller, grains, node => node.SetOvercommitAsync(caller.OperationId(context), caller.Identity, wanted));
        return answer.IsOk ? TypedResults.Ok(NodeResponse.Of(answer.Value)) : Problems.From(answer.Refusal);
    }

    private static async Task<Results<Ok<RetireNodeResponse>, ProblemResult>> RetireAsync(string id, RetireNodeRequest request, Caller caller, IGrainFactory grains, HttpContext context)
    {
        var answer = await ActAsync(id, caller, grains, node => node.RetireAsync(caller.OperationId(context), caller.Identity, request.Reason ?? ""));
        return answer.IsOk ? TypedResults.Ok(new RetireNodeResponse(id, answer.Value)) : Problems.From(answer.Refusal);
    }

    private static async Task<Result<T>> ActAsync<T>(string id, Caller caller, IGrainFactory grains, Func<INodeGrain, Task<Result<T>>> act) =>
        !NodeIds.IsNode(id) ? NotFound()
        : await caller.VerifyAsync(grains) is { } refusal ? refusal
        : await act(grains.GetGrain<INodeGrain>(id));

    private static Refusal NotFound() => Refusal.Of("node.not_found", "there is no such node");
}
