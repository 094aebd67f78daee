using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>Limits and identity of the HTTP side; section <c>Http</c>. Validated at start.</summary>
public sealed class HttpOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Http";

    /// <summary>Name of this network: the <c>aud</c> tokens must carry.</summary>
    [Required, RegularExpression("^[a-z0-9][a-z0-9.-]{0,62}$")]
    public string Network { get; set; } = "depin-local";

    /// <summary>Largest request body in bytes.</summary>
    [Range(1_024, 64 << 20)]
    public int BodyBytesMax { get; set; } = 1 << 20;

    /// <summary>Deepest nesting of a JSON body.</summary>
    [Range(4, 128)]
    public int JsonDepthMax { get; set; } = 32;

    /// <summary>Page size when none is asked for.</summary>
    [Range(1, 1_000)]
    public int PageSizeDefault { get; set; } = 50;

    /// <summary>Largest page; larger wishes are clamped to it.</summary>
    [Range(1, 1_000)]
    public int PageSizeMax { get; set; } = 500;

    /// <summary>Requests per second of one caller, sustained; 0 = unlimited. Counted in this process alone: behind n gateways a caller may reach n times as much.</summary>
    [Range(0, 1_000_000)]
    public int CallerRequestsPerSecond { get; set; } = 500;

    /// <summary>Requests per second of one IP address before it is known who calls; 0 = unlimited. Guards signature checks and body reads.</summary>
    [Range(0, 1_000_000)]
    public int AddressRequestsPerSecond { get; set; } = 2_000;

    /// <summary>How many seconds of the sustained rate may come at once.</summary>
    [Range(1, 60)]
    public int BurstSeconds { get; set; } = 2;

    /// <summary>Open event streams of one caller (or, for anonymous ones, of one IP address).</summary>
    [Range(1, 10_000)]
    public int StreamsPerCallerMax { get; set; } = 32;

    /// <summary>Exports this gateway writes at once, of everybody: each reads the store, and some keep one of its connections, as long as its reader takes. Further ones are told to come back.</summary>
    [Range(1, 1_000)]
    public int ExportsMax { get; set; } = 4;

    /// <summary>Seconds between heartbeat comments on a silent event stream; keep it under every proxy's idle time-out.</summary>
    [Range(1, 300)]
    public int StreamHeartbeatSeconds { get; set; } = 15;

    /// <summary>How often it is asked, in seconds, whether whoever opened a stream of events or logs, an export, or a shell, may still have it. With <see cref="KeyCacheSeconds"/> the longest time a revoked key reads on.</summary>
    [Range(1, 3_600)]
    public int StreamRecheckSeconds { get; set; } = 15;

    /// <summary>Shortest time, in seconds, between two lists of all open orders that one order feed gives because its provider's profile or signatures changed.</summary>
    [Range(1, 3_600)]
    public int FeedRelistSeconds { get; set; } = 10;

    /// <summary>Seconds a gateway may believe an identity's keys before it asks again; the longest time a revoked key still reads. Writes are checked by the grain at once.</summary>
    [Range(0, 300)]
    public int KeyCacheSeconds { get; set; } = 5;

    /// <summary>Identities whose keys are kept.</summary>
    [Range(16, 1_000_000)]
    public int KeyCacheMax { get; set; } = 20_000;

    /// <summary>Only answers requests whose Host and Origin are this machine's: on when bound to loopback, against DNS rebinding and foreign web pages.</summary>
    public bool LoopbackOnly { get; set; }

    /// <summary>
    /// Addresses or networks (<c>10.1.0.0/16</c>) of proxies whose word is taken for where a request came from (<c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>). None = nobody's: the address is the connection's. Name only what
    /// clients cannot be: whoever connects from there chooses the address that limits count.
    /// </summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>How many trusted proxies may stand in a row between client and gateway: so many entries of <c>X-Forwarded-For</c> are believed at most, from the right.</summary>
    [Range(1, 10)]
    public int ProxyHopsMax { get; set; } = 1;

    /// <summary>Seconds told in Retry-After when the service is overloaded or away.</summary>
    [Range(1, 600)]
    public int RetryAfterSeconds { get; set; } = 2;
}

/// <summary>Validates <see cref="HttpOptions"/> without reflection.</summary>
[OptionsValidator]
public sealed partial class HttpOptionsValidator : IValidateOptions<HttpOptions>;

/// <summary>The check across fields.</summary>
public sealed class HttpOptionsCrossCheck : IValidateOptions<HttpOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, HttpOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.PageSizeDefault > options.PageSizeMax
            ? ValidateOptionsResult.Fail($"Http:PageSizeDefault ({options.PageSizeDefault}) must not exceed Http:PageSizeMax ({options.PageSizeMax}).")
            : options.TrustedProxies.FirstOrDefault(static p => ClientAddress.Network(p) is null) is { } unreadable
                ? ValidateOptionsResult.Fail($"Http:TrustedProxies: '{unreadable}' is no IP address and no network such as 10.1.0.0/16.")
                : ValidateOptionsResult.Success;
    }
}
