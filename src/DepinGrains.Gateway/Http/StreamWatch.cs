using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Network;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Asks again, every <see cref="HttpOptions.StreamRecheckSeconds"/>, whether whoever opened a stream may still have it: a key revoked, an API key run out or a role taken away ends what is open, not only what would be
/// opened. A token's own end does not: it is minutes long, and a stream lasts as long as its key is good.
/// </summary>
public sealed partial class StreamWatch(CredentialCheck check, IOptions<HttpOptions> options, [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time, ILogger<StreamWatch> log)
{
    /// <summary>Completes with the reason once the stream must end; until then it waits, for ever where nobody said who calls.</summary>
    /// <param name="context">The request that opened it.</param>
    /// <param name="still">What is asked of the caller as he is now; null: nothing beside a good credential.</param>
    /// <param name="cancel">The stream ended.</param>
    public async Task<Refusal> RefusedAsync(HttpContext context, Func<Caller, Refusal?>? still, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(context);
        var credential = Caller.Of(context) is null ? null : CredentialCheck.Of(context.Request);
        var (begun, every) = (time.GetUtcNow(), TimeSpan.FromSeconds(options.Value.StreamRecheckSeconds));
        while (true)
        {
            await Task.Delay(credential is null ? Timeout.InfiniteTimeSpan : every, time, cancel);
            if (await WhyNotAsync(credential!, begun, still, cancel) is { } refusal)
            {
                return refusal;
            }
        }
    }

    private async Task<Refusal?> WhyNotAsync(string credential, DateTimeOffset begun, Func<Caller, Refusal?>? still, CancellationToken cancel)
    {
        try
        {
            var caller = await check.CheckAsync(credential, begun, cancel);
            return caller.IsOk ? still?.Invoke(caller.Value) : caller.Refusal;
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            // Nobody could be asked: that is no reason to end it. The next look may tell.
            LogUnknown(problem.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 4004, Level = LogLevel.Warning, Message = "The credential of an open stream could not be checked: {Problem}")]
    private partial void LogUnknown(string problem);
}
