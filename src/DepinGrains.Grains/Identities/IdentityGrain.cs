using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Identities;

/// <summary>
/// An identity and its keys. Every change is checked against the keys of record and against the path that was signed, then committed with its answer. Calls nobody but, for roles, the identity grain of the operator who signed.
/// </summary>
[GrainType("depin.identity")]
public sealed partial class IdentityGrain(IRowStore store, NetworkClock clock, IOptions<IdentityOptions> options, VerificationKeyCache prepared, ILogger<IdentityGrain> logger) : Grain, IIdentityGrain
{
    /// <summary>Signed requests remembered by <see cref="ReplayWindow"/> at once.</summary>
    private const int ReplayWindowMax = 4_096;

    private readonly ReplayWindow _replays = new(ReplayWindowMax);
    private GrainRow<IdentityState> _row = null!;
    private Identity? _identity;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<IdentityState>(store, IdentityState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
        if (_row.Value is not { } state)
        {
            return;
        }

        var keys = (await _row.ChildrenAsync(IdentityKeyState.Kind.Table.Kind, IdentityLimits.KeysMax)).Select(RowKind<IdentityKeyState>.Read);
        var apiKeys = (await _row.ChildrenAsync(ApiKeyState.Kind.Table.Kind, IdentityLimits.ApiKeysMax)).Select(RowKind<ApiKeyState>.Read);
        _identity = new Identity(
            Id, state.Salt, state.Label, state.Roles, state.CreatedAt,
            [.. keys.OrderBy(static k => k.Number).Select(static k => k.Key)],
            [.. apiKeys.OrderBy(static k => k.Key.CreatedAt).Select(static k => k.Key)]);
    }

    /// <inheritdoc/>
    public async Task<Result<IdentityView>> RegisterAsync(RegisterIdentity command)
    {
        _row.ThrowIfLost();
        var now = clock.Now;
        var candidate = IdentityRules.Candidate(Id, command.PublicKey, command.Salt, now);
        if (!candidate.IsOk)
        {
            return candidate.Refusal;
        }

        var caller = RequestVerification.Verify(command.Request, candidate.Value, KeyRoles.Owner, now);
        if (!caller.IsOk)
        {
            return caller.Refusal;
        }

        if (Path(command.Request, "POST", "/v1/identities") is { } wrong)
        {
            return wrong;
        }

        if (await _row.RememberedAsync<IdentityView>(Operation(command.Request), Fingerprint(command.Request)) is { } known)
        {
            return known;
        }

        if (_identity is not null)
        {
            return Refusal.Of(IdentityError.Exists, $"The identity {Id} is registered already.", ("identity", Id));
        }

        var made = IdentityRules.Register(
            Id, command.PublicKey, command.Salt, command.Label, command.Roles, options.Value.OperatorKeys.Contains(caller.Value.KeyId), now);
        return made.IsOk
            ? await CommitAsync(made.Value, command.Request, "identity.registered", static identity => identity.ToView(1))
            : made.Refusal;
    }

    /// <inheritdoc/>
    public Task<Result<IdentityKey>> AddKeyAsync(AddKey command) =>
        ChangeAsync(command.Request, KeyRoles.Owner, "POST", $"/v1/identities/{Id}/keys", "identity.key_added",
            identity => IdentityRules.AddKey(identity, command.Key, clock.Now), static identity => identity.Keys[^1], command.IfVersion);

    /// <inheritdoc/>
    public Task<Result<IdentityKey>> RotateKeyAsync(RotateKey command) =>
        ChangeAsync(command.Request, KeyRoles.Owner, "POST", $"/v1/identities/{Id}/keys/{command.KeyId}/rotate", "identity.key_rotated",
            identity => IdentityRules.RotateKey(identity, command.KeyId, command.Key, clock.Now), static identity => identity.Keys[^1], command.IfVersion);

    /// <inheritdoc/>
    public Task<Result<IdentityKey>> RevokeKeyAsync(RevokeKey command) =>
        ChangeAsync(command.Request, KeyRoles.Owner, "DELETE", $"/v1/identities/{Id}/keys/{command.KeyId}", "identity.key_revoked",
            identity => IdentityRules.RevokeKey(identity, command.KeyId, clock.Now), identity => identity.Keys.First(k => k.KeyId == command.KeyId), command.IfVersion);

    /// <inheritdoc/>
    public Task<Result<ApiKeyRecord>> CreateApiKeyAsync(CreateApiKey command) =>
        ChangeAsync(
            command.Request, KeyRoles.OwnerOrOperator, "POST", $"/v1/identities/{Id}/api-keys", "identity.api_key_created",
            identity =>
            {
                var prefix = ApiKeyText.Prefix(Id, Operation(command.Request));
                var made = ApiKeyRules.Create(identity, prefix, command.Name, command.SecretSha256, command.Scopes, command.ExpiresAt, clock.Now);
                return made.IsOk ? made.Value.Identity : made.Refusal;
            },
            static identity => identity.ApiKeys[^1]);

    /// <inheritdoc/>
    public Task<Result<ApiKeyRecord>> RevokeApiKeyAsync(RevokeApiKey command) =>
        ChangeAsync(
            command.Request, KeyRoles.OwnerOrOperator, "DELETE", $"/v1/identities/{Id}/api-keys/{command.Prefix}", "identity.api_key_revoked",
            identity =>
            {
                var made = ApiKeyRules.Revoke(identity, command.Prefix, clock.Now);
                return made.IsOk ? made.Value.Identity : made.Refusal;
            },
            identity => identity.ApiKeys.First(k => k.Prefix == command.Prefix));

    /// <inheritdoc/>
    public async Task<Result<IdentityRoles>> SetRolesAsync(SetRoles command)
    {
        _row.ThrowIfLost();
        var input = SignatureInput.Parse(command.Request.SignatureInput);
        if (!input.IsOk)
        {
            return input.Refusal;
        }

        var path = $"/v1/identities/{Id}/roles";
        if (input.Value.Identity == Id)
        {
            // A key that the network's configuration names makes its identity an operator, also one that came to be before it was named, or by its first command as everybody's.
            var byOperator = (_identity?.Roles & IdentityRoles.Operator) is IdentityRoles.Operator || options.Value.OperatorKeys.Contains(input.Value.KeyId);
            return await ChangeAsync(
                command.Request, KeyRoles.OwnerOrOperator, "PUT", path, "identity.roles_set",
                identity => IdentityRules.SetRoles(identity, command.Roles, byOperator), static identity => identity.Roles);
        }

        var caller = await GrainFactory.GetGrain<IIdentityGrain>(input.Value.Identity).VerifyAsync(command.Request, KeyRoles.OwnerOrOperator);
        if (!caller.IsOk)
        {
            return caller.Refusal;
        }

        if ((caller.Value.Roles & IdentityRoles.Operator) == 0)
        {
            return Refusal.Of(IdentityError.Foreign, $"{caller.Value.Identity} is no operator of the network and may not set the roles of {Id}.", ("identity", Id), ("caller", caller.Value.Identity));
        }

        if (Path(command.Request, "PUT", path) is { } wrong)
        {
            return wrong;
        }

        return await ApplyAsync(
            command.Request, caller.Value.Identity, "identity.roles_set", identity => IdentityRules.SetRoles(identity, command.Roles, true), static identity => identity.Roles);
    }

    /// <inheritdoc/>
    public Task<IdentityView?> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_identity?.ToView(_row.Version));
    }

    /// <inheritdoc/>
    public Task<IdentityKeys?> GetKeysAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_identity?.ToKeys(_row.Version));
    }

    /// <inheritdoc/>
    public Task<Result<SignedCaller>> VerifyAsync(SignedRequest request, KeyRoles allowed)
    {
        _row.ThrowIfLost();
        return Task.FromResult(Verify(request, allowed));
    }

    private Result<SignedCaller> Verify(SignedRequest request, KeyRoles allowed)
    {
        if (_identity is null)
        {
            return IdentityError.NotFound(Id);
        }

        var caller = RequestVerification.Verify(request, _identity.ToKeys(_row.Version), allowed, clock.Now, prepared.Prepare);
        return caller.IsOk && _replays.Enter(caller.Value, clock.Now) is { } reused ? reused : caller;
    }

    private async Task<Result<TAnswer>> ChangeAsync<TAnswer>(
        SignedRequest request, KeyRoles allowed, string method, string path, string happened, Func<Identity, Result<Identity>> change, Func<Identity, TAnswer> answer, long? ifVersion = null)
    {
        _row.ThrowIfLost();
        var caller = Verify(request, allowed);
        if (!caller.IsOk)
        {
            return caller.Refusal;
        }

        return Path(request, method, path) is { } wrong ? wrong : await ApplyAsync(request, Id, happened, change, answer, ifVersion);
    }

    private async Task<Result<TAnswer>> ApplyAsync<TAnswer>(
        SignedRequest request, string caller, string happened, Func<Identity, Result<Identity>> change, Func<Identity, TAnswer> answer, long? ifVersion = null)
    {
        if (_identity is null)
        {
            return IdentityError.NotFound(Id);
        }

        if (await _row.RememberedAsync<TAnswer>(OperationIds.For(caller, request), Fingerprint(request)) is { } known)
        {
            return known;
        }

        // After what was remembered: the retry of a change that went through is answered alike, though the version moved by it.
        if (Versions.Mismatch(ifVersion, _row.Version) is { } moved)
        {
            return moved;
        }

        var next = change(_identity);
        return next.IsOk ? await CommitAsync(next.Value, request, happened, answer, caller) : next.Refusal;
    }

    private async Task<Result<TAnswer>> CommitAsync<TAnswer>(Identity next, SignedRequest request, string happened, Func<Identity, TAnswer> answer, string? caller = null)
    {
        Result<TAnswer> result = answer(next);
        var operation = OperationIds.For(caller ?? Id, request);
        var changes = new Changes()
            .Remember(operation, Fingerprint(request), result)
            .Event("identity/" + Id, happened, Id, new { version = _row.Version + 1 });
        WriteKeys(changes, next.Keys, _identity?.Keys ?? []);
        WriteApiKeys(changes, next.ApiKeys, _identity?.ApiKeys ?? []);
        var state = (_row.Value ?? new IdentityState(next.Salt, next.Label, next.Roles, next.CreatedAt)) with { Label = next.Label, Roles = next.Roles };
        if (await _row.CommitAsync(state, changes) is { } refused)
        {
            return refused;
        }

        _identity = next;
        LogChanged(logger, Id, happened, operation, _row.Version);
        return result;
    }

    private void WriteKeys(Changes changes, ImmutableArray<IdentityKey> next, ImmutableArray<IdentityKey> before)
    {
        for (var i = 0; i < next.Length; i++)
        {
            // Keys never leave and never move, so their place is their number.
            if (i >= before.Length || before[i] != next[i])
            {
                changes.With(IdentityKeyState.Kind.Child(Id, next[i].KeyId, new IdentityKeyState(i, next[i])));
            }
        }
    }

    private void WriteApiKeys(Changes changes, ImmutableArray<ApiKeyRecord> next, ImmutableArray<ApiKeyRecord> before)
    {
        var old = before.ToDictionary(static key => key.Prefix, StringComparer.Ordinal);
        for (var i = 0; i < next.Length; i++)
        {
            if (!old.Remove(next[i].Prefix, out var known) || known != next[i])
            {
                changes.With(ApiKeyState.Kind.Child(Id, next[i].Prefix, new ApiKeyState(next[i])));
            }
        }

        foreach (var gone in before)
        {
            if (old.ContainsKey(gone.Prefix))
            {
                changes.With(ApiKeyState.Kind.Delete(Id, gone.Prefix));
            }
        }
    }

    private string Operation(SignedRequest request) => OperationIds.For(Id, request);

    private static ReadOnlyMemory<byte> Fingerprint(SignedRequest request) => request.BodySha256.AsMemory();

    /// <summary>What was signed must be this very change: a signature for one address is none for another.</summary>
    private static Refusal? Path(SignedRequest request, string method, string path) =>
        request.Method == method && request.Path == path
            ? null
            : Refusal.Of(IdentityError.SignatureInvalid, $"The signature is for {request.Method} {request.Path}, not for {method} {path}.", ("signed", request.Path), ("wanted", path));
}
