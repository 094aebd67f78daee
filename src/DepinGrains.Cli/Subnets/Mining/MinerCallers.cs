using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using Microsoft.AspNetCore.Http;

namespace DepinGrains.Cli.Subnets.Mining;

/// <summary>
/// Lets through what is signed, for this miner's own address and once, by a gateway or an operator of the network, by a validator with a permit and stake in the subnet, or by somebody on the list. Keys and permits are asked
/// of the network and believed for a minute; who is not among the validators is looked for again after some seconds, for a permit comes with an epoch.
/// </summary>
internal sealed class MinerCallers(Session session, SubnetApi api, MinerOptions options, TimeProvider time)
{
    private const int KnownMax = 4_096;
    private const int SeenMax = 100_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FreshForStrangers = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, (IdentityKeys? Keys, long At)> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);
    private (HashSet<string> Coldkeys, long At)? _validators;

    /// <summary>Why not, as far as the headers tell: nobody's body is read who does not say who he is and that he means this miner.</summary>
    public string? WhyNot(HttpRequest request)
    {
        if (options.AllowAnyone)
        {
            return null;
        }

        // The signature covers what the client wrote as Host: what was signed for another miner, and is shown here by it, verifies with the other's Host.
        return Parse(request) is not { } signed ? "miner.unsigned"
            : !signed.Input.Components.Contains("@authority") ? "miner.authority_not_signed"
            : !IsHere(request.Host) ? "miner.authority_foreign"
            : null;
    }

    /// <summary>Null when the request may be answered, else why not.</summary>
    public async Task<string?> WhyNotAsync(HttpRequest request, ReadOnlyMemory<byte> body)
    {
        if (options.AllowAnyone)
        {
            return null;
        }

        if (WhyNot(request) is { } headersSay)
        {
            return headersSay;
        }

        var (headers, input) = Parse(request)!.Value;
        if (await KeysAsync(input.Identity) is not { } keys)
        {
            return "miner.caller_unknown";
        }

        var signed = new SignedRequest(
            request.Method, request.Host.Value?.ToLowerInvariant() ?? "", request.Path, request.QueryString.Value ?? "", [.. SHA256.HashData(body.Span)], Single(request, "Idempotency-Key") ?? "", headers.Input, headers.Signature);
        var caller = RequestVerification.Verify(signed, keys, KeyRoles.OwnerOrOperator, time.GetUtcNow());
        if (!caller.IsOk)
        {
            return caller.Refusal.Code;
        }

        return !await MayAskAsync(keys) ? "miner.caller_not_allowed" : !FirstTime(signed.IdempotencyKey, caller.Value.Expires) ? "miner.replayed" : null;
    }

    private static ((string Input, ImmutableArray<byte> Signature) Headers, SignatureInput Input)? Parse(HttpRequest request)
    {
        var headers = SignatureHeaders.Parse(Single(request, "Signature-Input"), Single(request, "Signature"));
        var input = headers.IsOk ? SignatureInput.Parse(headers.Value.Input) : headers.Refusal;
        return headers.IsOk && input.IsOk ? (headers.Value, input.Value) : null;
    }

    /// <summary>The authority gateways dial, a scheme's own port written or not.</summary>
    private bool IsHere(HostString host) =>
        host.HasValue && Uri.TryCreate($"{options.Endpoint.Scheme}://{host.Value}/", UriKind.Absolute, out var named) && named.UserInfo.Length == 0 && named.AbsolutePath == "/"
        && string.Equals(named.IdnHost, options.Endpoint.IdnHost, StringComparison.OrdinalIgnoreCase) && named.Port == options.Endpoint.Port;

    private async Task<bool> MayAskAsync(IdentityKeys keys) =>
        (keys.Roles & (IdentityRoles.Operator | IdentityRoles.Gateway)) != 0 || options.Allow.Contains(keys.Identity) || await IsValidatorAsync(keys.Identity);

    private bool FirstTime(string key, DateTimeOffset expires)
    {
        if (_seen.Count >= SeenMax)
        {
            var now = time.GetUtcNow();
            foreach (var old in _seen.Where(s => s.Value < now))
            {
                _seen.TryRemove(old);
            }
        }

        return _seen.Count < SeenMax && _seen.TryAdd(key, expires);
    }

    private async Task<IdentityKeys?> KeysAsync(string identity)
    {
        if (_known.TryGetValue(identity, out var known) && time.GetElapsedTime(known.At) < Fresh)
        {
            return known.Keys;
        }

        IdentityKeys? keys;
        try
        {
            keys = Read(await session.GetAsync($"/v1/identities/{identity}"));
        }
        catch (ApiException unknown) when (unknown.Status == StatusCodes.Status404NotFound)
        {
            keys = null;
        }

        if (_known.Count >= KnownMax)
        {
            _known.Clear();
        }

        _known[identity] = (keys, time.GetTimestamp());
        return keys;
    }

    private async Task<bool> IsValidatorAsync(string identity)
    {
        if (_validators is { } known && time.GetElapsedTime(known.At) is var age && age < (known.Coldkeys.Contains(identity) ? Fresh : FreshForStrangers))
        {
            return known.Coldkeys.Contains(identity);
        }

        var metagraph = await api.MetagraphAsync("coldkeys,stake,validator_permit");
        var (permits, stakes) = (metagraph["validatorPermit"]!.AsArray(), metagraph["stake"]!.AsArray());
        HashSet<string> coldkeys = [.. metagraph["coldkeys"]!.AsArray().Where((_, uid) => (bool)permits[uid]! && (long)stakes[uid]! > 0).Select(static c => (string)c!)];
        _validators = (coldkeys, time.GetTimestamp());
        return coldkeys.Contains(identity);
    }

    private static IdentityKeys Read(JsonNode identity) => new(
        (string)identity["id"]!,
        identity["roles"]!.AsArray().Aggregate(IdentityRoles.None, static (roles, role) => roles | (Enum.TryParse<IdentityRoles>((string?)role, ignoreCase: true, out var named) ? named : IdentityRoles.None)),
        [.. identity["keys"]!.AsArray().Select(static k => new IdentityKey(
            (string)k!["keyId"]!,
            Enum.Parse<KeyRole>((string)k["role"]!, ignoreCase: true),
            (string)k["publicKey"]!,
            "",
            (DateTimeOffset)k["addedAt"]!,
            (DateTimeOffset?)k["revokedAt"]))],
        ImmutableArray<ApiKeyRecord>.Empty,
        0);

    private static string? Single(HttpRequest request, string name) => request.Headers[name] is { Count: 1 } values ? values[0] : null;
}
