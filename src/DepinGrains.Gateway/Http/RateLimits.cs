using System.Net.Sockets;
using System.Threading.RateLimiting;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Token buckets in this process's memory: by IP address before anybody's signature is checked, by identity after. Each gateway counts for itself. Idle buckets are dropped by the framework.
/// </summary>
public sealed class RateLimits : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _addresses;
    private readonly PartitionedRateLimiter<string>? _callers;

    /// <summary>Buckets as configured.</summary>
    public RateLimits(IOptions<HttpOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _addresses = Create(options.Value.AddressRequestsPerSecond, options.Value.BurstSeconds);
        _callers = Create(options.Value.CallerRequestsPerSecond, options.Value.BurstSeconds);
    }

    /// <summary>Takes one request of an address; the wait asked for when there is none left.</summary>
    public TimeSpan? TakeAddress(HttpContext context) => Take(_addresses, AddressOf(context));

    /// <summary>Takes one request of a caller.</summary>
    public TimeSpan? TakeCaller(Caller caller) => Take(_callers, caller.Identity);

    /// <summary>What counts as one address: an IPv4 address, or the /64 an IPv6 host may pick from at will.</summary>
    public static string AddressOf(HttpContext context)
    {
        var address = ClientAddress.Of(context);
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _addresses?.Dispose();
        _callers?.Dispose();
    }

    private static TimeSpan? Take(PartitionedRateLimiter<string>? limiter, string partition)
    {
        if (limiter is null)
        {
            return null;
        }

        using var lease = limiter.AttemptAcquire(partition);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
    }

    private static PartitionedRateLimiter<string>? Create(int perSecond, int burstSeconds)
    {
        // Refilled in steps of 100 ms where the rate allows, so that a second's worth does not come at once.
        var steps = perSecond >= 10 ? 10 : 1;
        return perSecond == 0
            ? null
            : PartitionedRateLimiter.Create<string, string>(partition => RateLimitPartition.GetTokenBucketLimiter(partition, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = perSecond * burstSeconds,
                TokensPerPeriod = perSecond / steps,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1) / steps,
                QueueLimit = 0,
            }));
    }
}

/// <summary>Refuses by address; early.</summary>
public sealed class AddressRateMiddleware(RequestDelegate next, RateLimits limits)
{
    /// <summary>Runs the check.</summary>
    public Task InvokeAsync(HttpContext context) =>
        RateRefusal.Exempt(context) || limits.TakeAddress(context) is not { } wait ? next(context) : RateRefusal.WriteAsync(context, wait, "address");
}

/// <summary>Refuses by caller; after authentication.</summary>
public sealed class CallerRateMiddleware(RequestDelegate next, RateLimits limits)
{
    /// <summary>Runs the check.</summary>
    public Task InvokeAsync(HttpContext context) =>
        Caller.Of(context) is not { } caller || RateRefusal.Exempt(context) || limits.TakeCaller(caller) is not { } wait ? next(context) : RateRefusal.WriteAsync(context, wait, "caller");
}

internal static class RateRefusal
{
    /// <summary>Endpoints with <c>DisableRateLimiting()</c> (health, metrics) are not counted.</summary>
    public static bool Exempt(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<DisableRateLimitingAttribute>() is not null;

    public static Task WriteAsync(HttpContext context, TimeSpan wait, string by)
    {
        Problems.RetryAfter(context, wait);
        return Problems.WriteAsync(context, Refusal.Of(
            RequestError.RateLimited, $"Too many requests of this {by}; ask again in {Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} s.", ("by", by)));
    }
}
