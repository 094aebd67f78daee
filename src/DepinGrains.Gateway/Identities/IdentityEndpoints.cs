using System.Security.Cryptography;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace DepinGrains.Gateway.Identities;

/// <summary><c>/v1/identities</c>: who you are, your keys, your API keys.</summary>
public static class IdentityEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapIdentityEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/identities").WithTags("Identities");
        group.MapPost("", RegisterAsync).RequireSelfSignature().WithName("registerIdentity")
            .WithSummary("Register an identity")
            .WithDescription("Signed by the key in the body under keyid=\"{id}/{keyId}\", where keyId is the key's fingerprint and id derives from it and the salt. Sent again, it answers alike.");
        group.MapGet("me", GetMineAsync).WithName("getMyIdentity").WithSummary("The caller's identity").RequireScope("identities:read");
        group.MapGet("{id}", GetAsync).WithName("getIdentity").WithSummary("An identity and its public keys").RequireScope("identities:read");
        group.MapPut("{id}/roles", SetRolesAsync).RequireSignature().WithName("setIdentityRoles").WithSummary("Set an identity's roles")
            .WithDescription("Signed by the identity itself, or by an operator, who alone grants or takes the operator role.");
        group.MapPost("{id}/keys", AddKeyAsync).RequireSignature(KeyRoles.Owner).WithName("addKey").WithSummary("Add a key").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{id}/keys/{keyId}/rotate", RotateKeyAsync).RequireSignature(KeyRoles.Owner).WithName("rotateKey").WithSummary("Replace a key by a new one of the same role").WithMetadata(TakesIfMatch.Instance);
        group.MapDelete("{id}/keys/{keyId}", RevokeKeyAsync).RequireSignature(KeyRoles.Owner).WithName("revokeKey").WithSummary("Revoke a key; the last owner key stays").WithMetadata(TakesIfMatch.Instance);
        group.MapPost("{id}/api-keys", CreateApiKeyAsync).RequireSignature().WithName("createApiKey").WithSummary("Create an API key")
            .WithDescription("The key is shown in this answer and never again; a retry with the same Idempotency-Key answers without it.");
        group.MapDelete("{id}/api-keys/{prefix}", RevokeApiKeyAsync).RequireSignature().WithName("revokeApiKey").WithSummary("Revoke an API key");
        return group;
    }

    /// <summary>Registers an identity.</summary>
    public static async Task<Results<Created<IdentityResponse>, ProblemResult>> RegisterAsync(
        RegisterIdentityRequest body, HttpContext context, IGrainFactory grains, IKeyDirectory directory)
    {
        var signed = context.Features.Get<UnverifiedRequest>() ?? throw new InvalidOperationException("registration is not marked with RequireSelfSignature");
        var result = await grains.GetGrain<IIdentityGrain>(signed.Identity)
            .RegisterAsync(new RegisterIdentity(body.PublicKey, body.Salt, body.Label, RoleNames.ToFlags(body.Roles), signed.Request));
        directory.Forget(signed.Identity);
        return result.IsOk ? TypedResults.Created($"/v1/identities/{result.Value.Id}", IdentityResponse.Of(result.Value, whole: true)) : Problems.From(result.Refusal);
    }

    /// <summary>The caller's own identity.</summary>
    public static Task<IResult> GetMineAsync(Caller caller, HttpContext context, IGrainFactory grains)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return GetAsync(caller.Identity, caller, context, grains);
    }

    /// <summary>An identity.</summary>
    [ProducesResponseType<IdentityResponse>(StatusCodes.Status200OK)]
    public static async Task<IResult> GetAsync(string id, Caller caller, HttpContext context, IGrainFactory grains)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var view = IdentityIds.IsIdentity(id) ? await grains.GetGrain<IIdentityGrain>(id).GetAsync() : null;
        return view is null
            ? Problems.From(IdentityError.NotFound(Shown(id)))
            : EntityTags.Read(context, IdentityResponse.Of(view, whole: caller.OwnerOnly(id) is null), view.Version);
    }

    /// <summary>Sets roles.</summary>
    public static async Task<Results<Ok<RolesResponse>, ProblemResult>> SetRolesAsync(string id, SetRolesRequest body, Caller caller, IGrainFactory grains, IKeyDirectory directory)
    {
        if (!IdentityIds.IsIdentity(id))
        {
            return Problems.From(IdentityError.NotFound(Shown(id)));
        }

        var result = await grains.GetGrain<IIdentityGrain>(id).SetRolesAsync(new SetRoles(RoleNames.ToFlags(body.Roles), caller.RequireSigned().Request));
        directory.Forget(id);
        return result.IsOk ? TypedResults.Ok(new RolesResponse(RoleNames.Of(result.Value))) : Problems.From(result.Refusal);
    }

    /// <summary>Adds a key.</summary>
    public static async Task<Results<Created<KeyResponse>, ProblemResult>> AddKeyAsync(string id, NewKeyRequest body, Caller caller, HttpContext context, IGrainFactory grains, IKeyDirectory directory)
    {
        var result = await ChangeAsync(id, caller, grains, directory, context, (grain, request, version) => grain.AddKeyAsync(new AddKey(ToNewKey(body), request, version)));
        return result.IsOk ? TypedResults.Created($"/v1/identities/{id}", KeyResponse.Of(result.Value)) : Problems.From(result.Refusal);
    }

    /// <summary>Replaces a key.</summary>
    public static async Task<Results<Ok<KeyResponse>, ProblemResult>> RotateKeyAsync(
        string id, string keyId, NewKeyRequest body, Caller caller, HttpContext context, IGrainFactory grains, IKeyDirectory directory)
    {
        var result = await ChangeAsync(id, caller, grains, directory, context, (grain, request, version) => grain.RotateKeyAsync(new RotateKey(keyId, ToNewKey(body), request, version)));
        return result.IsOk ? TypedResults.Ok(KeyResponse.Of(result.Value)) : Problems.From(result.Refusal);
    }

    /// <summary>Revokes a key.</summary>
    public static async Task<Results<Ok<KeyResponse>, ProblemResult>> RevokeKeyAsync(string id, string keyId, Caller caller, HttpContext context, IGrainFactory grains, IKeyDirectory directory)
    {
        var result = await ChangeAsync(id, caller, grains, directory, context, (grain, request, version) => grain.RevokeKeyAsync(new RevokeKey(keyId, request, version)));
        return result.IsOk ? TypedResults.Ok(KeyResponse.Of(result.Value)) : Problems.From(result.Refusal);
    }

    /// <summary>Creates an API key. Its secret is drawn here, goes out with this answer, and only its hash travels on.</summary>
    public static async Task<Results<Created<ApiKeyCreatedResponse>, ProblemResult>> CreateApiKeyAsync(
        string id, CreateApiKeyRequest body, Caller caller, IGrainFactory grains, IKeyDirectory directory)
    {
        var secret = RandomNumberGenerator.GetBytes(ApiKeyText.SecretBytes);
        var hash = ApiKeyText.Hash(secret);
        var result = await ChangeAsync(
            id, caller, grains, directory, (grain, request) => grain.CreateApiKeyAsync(new CreateApiKey(body.Name, hash, [.. body.Scopes], body.ExpiresAt, request)));
        if (!result.IsOk)
        {
            return Problems.From(result.Refusal);
        }

        // Another hash than the one just drawn: this is a retry, and the key of record is an earlier attempt's.
        var key = result.Value.SecretSha256 == hash ? ApiKeyText.Format(result.Value.Prefix, secret) : null;
        return TypedResults.Created($"/v1/identities/{id}", new ApiKeyCreatedResponse(key, ApiKeyResponse.Of(result.Value)));
    }

    /// <summary>Revokes an API key.</summary>
    public static async Task<Results<Ok<ApiKeyResponse>, ProblemResult>> RevokeApiKeyAsync(string id, string prefix, Caller caller, IGrainFactory grains, IKeyDirectory directory)
    {
        var result = await ChangeAsync(id, caller, grains, directory, (grain, request) => grain.RevokeApiKeyAsync(new RevokeApiKey(prefix, request)));
        return result.IsOk ? TypedResults.Ok(ApiKeyResponse.Of(result.Value)) : Problems.From(result.Refusal);
    }

    /// <summary>A change that may insist on the version its caller read (If-Match).</summary>
    private static async Task<Result<T>> ChangeAsync<T>(
        string id, Caller caller, IGrainFactory grains, IKeyDirectory directory, HttpContext context, Func<IIdentityGrain, SignedRequest, long?, Task<Result<T>>> change)
    {
        var expected = EntityTags.Expected(context);
        return expected.Refusal is { } unreadable ? unreadable : await ChangeAsync(id, caller, grains, directory, (grain, request) => change(grain, request, expected.Value));
    }

    private static async Task<Result<T>> ChangeAsync<T>(
        string id, Caller caller, IGrainFactory grains, IKeyDirectory directory, Func<IIdentityGrain, SignedRequest, Task<Result<T>>> change)
    {
        // Operators read others' identities, but nobody manages another's keys.
        if (caller.OwnerOnly(Shown(id), operatorsToo: false) is { } foreign)
        {
            return foreign;
        }

        try
        {
            return await change(grains.GetGrain<IIdentityGrain>(id), caller.RequireSigned().Request);
        }
        finally
        {
            directory.Forget(id);
        }
    }

    private static NewKey ToNewKey(NewKeyRequest body) => new(body.PublicKey, body.Role, body.Label, body.Proof);

    private static string Shown(string id) => IdentityIds.IsIdentity(id) ? id : "(not an identity id)";
}
