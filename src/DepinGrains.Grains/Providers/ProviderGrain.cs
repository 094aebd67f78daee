using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Providers;

/// <summary>A seller's profile, prices, auditors' signatures and join tokens.</summary>
[GrainType("depin.provider")]
public sealed partial class ProviderGrain(IRowStore store, ISecretProtector secrets, NetworkClock clock, IOptions<ProviderOptions> options) : Grain, IProviderGrain
{
    private const int NameMax = 100;
    private const int ValueMax = 256;
    private readonly ProviderOptions _options = options.Value;
    private GrainRow<ProviderState> _row = null!;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<ProviderState>(store, ProviderState.Kind, Id, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<ProviderView>> PutAsync(string operationId, ProviderProfile profile, long? ifVersion = null)
    {
        _row.ThrowIfLost();
        var print = Changes.Fingerprint(new { Command = "put", Profile = profile });
        if (await _row.RememberedAsync<ProviderView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if ((Versions.Mismatch(ifVersion, _row.Value is { Deleted: false } ? _row.Version : 0) ?? Invalid(profile)) is { } refusal)
        {
            return refusal;
        }

        var now = clock.Now;
        var next = _row.Value is { } known
            ? known with { Profile = profile, Deleted = false, LeavingUntil = null, UpdatedAt = now, Signatures = [.. known.Signatures.Where(s => profile.Attributes.Contains(new Fact(s.Name, s.Value)))] }
            : new ProviderState(Id, profile, false, false, [], 0, [], now, now);
        return await CommitAsync(next, "provider.updated", operationId, print);
    }

    /// <inheritdoc/>
    public Task<Result<ProviderView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value is { Deleted: false } state ? state.View(_row.Version) : (Result<ProviderView>)NotFound());
    }

    /// <inheritdoc/>
    public async Task<Result<ProviderView>> SetMaintenanceAsync(string operationId, bool on)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "maintenance", On = on });
        return await _row.RememberedAsync<ProviderView>(operationId, print) is { } remembered
            ? remembered
            : await CommitAsync(_row.Value! with { Maintenance = on, UpdatedAt = clock.Now }, on ? "provider.maintenance" : "provider.back", operationId, print);
    }

    /// <inheritdoc/>
    public async Task<Result<ProviderView>> SignAttributesAsync(string operationId, string auditor, ImmutableArray<Fact> attributes, TimeSpan? validity = null)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "sign", Auditor = auditor, Attributes = attributes, Validity = validity });
        if (await _row.RememberedAsync<ProviderView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var holds = validity ?? _options.SignatureValidity;
        if (holds <= TimeSpan.Zero || holds > _options.SignatureValidityMax)
        {
            return Refusal.Of("provider.signature_validity", $"a signature holds at most {_options.SignatureValidityMax}, not {holds}", ("max", _options.SignatureValidityMax), ("wanted", holds));
        }

        var state = _row.Value!;
        if (state.Declined.Contains(auditor))
        {
            return Refusal.Of("provider.auditor_declined", $"{Id} does not want to be vouched for by {auditor}", ("provider", Id), ("auditor", auditor));
        }

        foreach (var attribute in attributes)
        {
            if (!state.Profile.Attributes.Contains(attribute))
            {
                return Refusal.Of("provider.attribute_not_declared", $"{Id} does not declare {attribute.Name}={attribute.Value}", ("attribute", attribute.Name), ("value", attribute.Value));
            }
        }

        var now = clock.Now;
        var others = AttributeMatching.Standing(state.Signatures, now).Where(s => s.Auditor != auditor || !attributes.Contains(new Fact(s.Name, s.Value))).ToImmutableArray();
        var own = others.Count(s => s.Auditor == auditor) + attributes.Distinct().Count();
        if (own > _options.SignaturesPerAuditorMax)
        {
            return Refusal.Of("provider.too_many_signatures_of_auditor", $"{own} signatures of {auditor} on {Id}, at most {_options.SignaturesPerAuditorMax} of one auditor are kept", ("max", _options.SignaturesPerAuditorMax), ("wanted", own));
        }

        if (others.Length + attributes.Length > _options.SignaturesMax)
        {
            return Refusal.Of("provider.too_many_signatures", $"{Id} has {others.Length} signatures, at most {_options.SignaturesMax} are kept", ("max", _options.SignaturesMax));
        }

        var signed = attributes.Distinct().Select(a => new AttributeSignature(auditor, a.Name, a.Value, now, now + holds));
        return await CommitAsync(state with { Signatures = [.. others, .. signed], UpdatedAt = now }, "provider.signed", operationId, print);
    }

    /// <inheritdoc/>
    public async Task<Result<ProviderView>> WithdrawSignaturesAsync(string operationId, string auditor, ImmutableArray<string> names)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "unsign", Auditor = auditor, Names = names });
        if (await _row.RememberedAsync<ProviderView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var state = _row.Value!;
        var left = state.Signatures.Where(s => s.Auditor != auditor || (names.Length > 0 && !names.Contains(s.Name))).ToImmutableArray();
        return left.Length == state.Signatures.Length
            ? Refusal.Of("provider.signature_not_found", $"{auditor} signed none of these attributes of {Id}", ("auditor", auditor))
            : await CommitAsync(state with { Signatures = left, UpdatedAt = clock.Now }, "provider.signature_withdrawn", operationId, print);
    }

    /// <inheritdoc/>
    public async Task<Result<ProviderView>> DeclineAuditorAsync(string operationId, string auditor, bool declined)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Changes.Fingerprint(new { Command = "decline", Auditor = auditor, Declined = declined });
        if (await _row.RememberedAsync<ProviderView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (!Nodes.NodeChecks.IsText(auditor, 1, NameMax))
        {
            return Refusal.Of("provider.auditor_invalid", $"an auditor is an identity of 1 to {NameMax} characters", ("length", auditor.Length));
        }

        var state = _row.Value!;
        if (declined && !state.Declined.Contains(auditor) && state.Declined.Length >= _options.DeclinedMax)
        {
            return Refusal.Of("provider.too_many_declined", $"{Id} declines {state.Declined.Length} auditors, the most allowed", ("max", _options.DeclinedMax));
        }

        var next = declined
            ? state with { Declined = [.. state.Declined.Remove(auditor), auditor], Signatures = state.Signatures.RemoveAll(s => s.Auditor == auditor), UpdatedAt = clock.Now }
            : state with { Declined = state.Declined.Remove(auditor), UpdatedAt = clock.Now };
        return await CommitAsync(next, declined ? "provider.auditor_declined" : "provider.auditor_accepted", operationId, print);
    }

    /// <inheritdoc/>
    public async Task<Result<JoinToken>> CreateJoinTokenAsync(string operationId, TimeSpan lifetime)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        if (lifetime <= TimeSpan.Zero || lifetime > _options.TokenLifetimeMax)
        {
            return Refusal.Of("provider.token_lifetime", $"a join token lives at most {_options.TokenLifetimeMax}", ("max", _options.TokenLifetimeMax), ("wanted", lifetime));
        }

        var state = _row.Value!;
        // Derived under the master key from the operation id: unguessable, and the same answer when asked again.
        var token = $"{Id}.{secrets.Fingerprint("join-token/" + Id, Encoding.UTF8.GetBytes(operationId))}";
        var print = Print(token);
        if (state.Tokens.FirstOrDefault(t => t.Fingerprint == print) is { } known)
        {
            return new JoinToken(token, known.ExpiresAt);
        }

        var now = clock.Now;
        var standing = state.Tokens.Where(t => t.ExpiresAt > now || t.UsedBy is not null).TakeLast(_options.TokensMax - 1);
        var committed = await CommitAsync(state with { Tokens = [.. standing, new IssuedToken(print, now + lifetime, null)] }, "provider.join_token");
        return committed.IsOk ? new JoinToken(token, now + lifetime) : committed.Refusal;
    }

    /// <inheritdoc/>
    public async Task<Result<Done>> RedeemJoinTokenAsync(string token, string nodeId)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var print = Print(token);
        var state = _row.Value!;
        var index = state.Tokens.IndexOf(state.Tokens.FirstOrDefault(t => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(t.Fingerprint), Encoding.ASCII.GetBytes(print)))!);
        if (index < 0 || (state.Tokens[index] is { UsedBy: null } unused && unused.ExpiresAt <= clock.Now))
        {
            return Refusal.Of("provider.join_token_invalid", "the join token is unknown or has expired", ("provider", Id));
        }

        if (state.Tokens[index].UsedBy is { } by)
        {
            return by == nodeId ? Done.Instance : Refusal.Of("provider.join_token_used", "the join token was used by another node", ("provider", Id));
        }

        var committed = await CommitAsync(state with { Tokens = state.Tokens.SetItem(index, state.Tokens[index] with { UsedBy = nodeId }) }, "provider.node_joined");
        return committed.IsOk ? Done.Instance : committed.Refusal;
    }

    private static string Print(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private Refusal? Invalid(ProviderProfile profile)
    {
        if (!Nodes.NodeChecks.IsText(profile.Name, 1, NameMax) || !Nodes.NodeChecks.IsText(profile.HostUri, 0, ValueMax))
        {
            return Refusal.Of("provider.name_invalid", $"a provider has a name of 1 to {NameMax} characters and an address of at most {ValueMax}, without control characters", ("length", profile.Name.Length));
        }

        if (profile.Attributes.Length > _options.AttributesMax)
        {
            return Refusal.Of("provider.too_many_attributes", $"{profile.Attributes.Length} attributes, at most {_options.AttributesMax}", ("max", _options.AttributesMax));
        }

        foreach (var attribute in profile.Attributes)
        {
            if (!AttributeKey().IsMatch(attribute.Name) || !Nodes.NodeChecks.IsText(attribute.Value, 0, ValueMax))
            {
                return Refusal.Of("provider.attribute_invalid", $"attribute {attribute.Name} has a bad key or a value over {ValueMax} characters", ("attribute", attribute.Name));
            }
        }

        return WhyInvalid(profile.ReclaimWindowSeconds) ?? profile switch
        {
            { Pricing: not null, Scale: not null } => Refusal.Of("provider.pricing_conflict", "a provider has dollar prices or scale prices, not both"),
            { Pricing: { } pricing } => UsdPricing.WhyInvalid(pricing),
            { Scale: { } scale } => ScalePolicy.WhyInvalid(scale),
            _ => null,
        };
    }

    private static Refusal? WhyInvalid(long reclaimWindowSeconds)
    {
        var rules = BidRules.Default;
        return reclaimWindowSeconds == 0 || (reclaimWindowSeconds >= rules.ReclaimMinSeconds && reclaimWindowSeconds <= rules.ReclaimMaxSeconds)
            ? null
            : Refusal.Of(
                "provider.reclamation_out_of_bounds",
                $"a reclamation window is 0 (none) or {rules.ReclaimMinSeconds} to {rules.ReclaimMaxSeconds} s, not {reclaimWindowSeconds}",
                ("min", rules.ReclaimMinSeconds),
                ("max", rules.ReclaimMaxSeconds),
                ("had", reclaimWindowSeconds));
    }

    private Refusal? Missing()
    {
        _row.ThrowIfLost();
        return _row.Value is { Deleted: false } ? null : NotFound();
    }

    private Refusal NotFound() => Refusal.Of("provider.not_found", $"no provider {Id}", ("provider", Id));

    /// <inheritdoc/>
    public async Task<Result<Done>> LeaseEndedAsync(string lease, int reason, TimeSpan ran)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        var (operation, print) = ("lease/" + lease, Changes.Fingerprint(new { Command = "lease_ended", Lease = lease }));
        if (await _row.RememberedAsync<Done>(operation, print) is { } remembered)
        {
            return remembered;
        }

        var state = _row.Value!;
        var next = state with { Score = ProviderScore.After(state.Score, reason, ran), UpdatedAt = clock.Now };
        var changes = new Changes().Remember<Result<Done>>(operation, print, Done.Instance);
        if (next.Score != state.Score)
        {
            changes.Event("provider/" + Id, "provider.scored", Id, new { Provider = Id, Lease = lease, next.Score });
        }

        return await _row.CommitAsync(next.Score == state.Score ? state : next, changes) is { } refusal ? refusal : Done.Instance;
    }

    /// <summary>Commits; with an operation id its answer is remembered for ever: a command that arrives again, late, must not undo what came after it.</summary>
    private async Task<Result<ProviderView>> CommitAsync(ProviderState next, string type, string? operationId = null, ReadOnlyMemory<byte> print = default)
    {
        var data = new { Provider = Id, next.Profile.Name, next.Maintenance };
        Result<ProviderView> answer = next.View(_row.Version + 1);
        var changes = new Changes().Event("market", type, Id, data).Event("provider/" + Id, type, Id, data);
        if (operationId is not null)
        {
            changes.Remember(operationId, print, answer);
        }

        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : answer;
    }

    [GeneratedRegex(@"^[a-zA-Z][a-zA-Z0-9_/.\-]{1,126}[a-zA-Z0-9_*]?\z", RegexOptions.CultureInvariant, 100)]
    private static partial Regex AttributeKey();
}
