using System.Security.Cryptography;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Gateway.Http;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>How a try, and in the end a request, went.</summary>
internal enum TryEnd
{
    /// <summary>Nothing reached the caller; another miner may be asked.</summary>
    Failed,

    /// <summary>The whole answer is with the caller.</summary>
    Answered,

    /// <summary>The miner broke off after the first token.</summary>
    Interrupted,

    /// <summary>The caller left.</summary>
    Left,

    /// <summary>The caller's money is not held; nothing left.</summary>
    Refused,
}

/// <summary>What a try came to.</summary>
/// <param name="Delivered">Work that reached the caller.</param>
/// <param name="FirstToken">From the try's start to its first token, or whole answer.</param>
internal readonly record struct TryResult(TryEnd End, InferenceUse Delivered = default, TimeSpan FirstToken = default, string Reason = "", Refusal? Refusal = null);

/// <summary>Answers one request: holds the money, tries miners in order until one's first token is there, passes its answer on, settles what was delivered.</summary>
public sealed partial class InferenceProxy(
    IMinerDirectory directory, MinerBook book, MinerCall call, InferenceAccount account, ServingMetrics metrics, IOptions<ServingOptions> options, TimeProvider time, ILogger<InferenceProxy> log)
{
    /// <summary>Serves; writes the response itself, refusals too.</summary>
    public async Task ServeAsync(HttpContext context, string caller, InferenceRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var miners = await directory.FindAsync(request.Netuid, context.RequestAborted);
        if (miners is null or { Count: 0 })
        {
            await Problems.WriteAsync(context, miners is null
                ? Refusal.Of(ServingErrors.ModelNotFound, $"There is no {request.Model} in this network.", ("param", "model"))
                : Refusal.Of(ServingErrors.NoMiners, $"No miner of {request.Model} serves now.", ("model", request.Model)));
            return;
        }

        var started = time.GetTimestamp();
        metrics.Began(request.Netuid);
        var outcome = "broken";
        try
        {
            outcome = await ServeAsync(context, caller, request, miners, started);
        }
        finally
        {
            metrics.Ended(request.Netuid, outcome, time.GetElapsedTime(started));
        }
    }

    private async Task<string> ServeAsync(HttpContext context, string caller, InferenceRequest request, IReadOnlyList<Miner> miners, long started)
    {
        var hold = account.Begin(caller, request, await account.PriceAsync());
        Miner? paid = null;
        TryResult last = default;
        try
        {
            if (await hold.BeforeAskingAsync() is { } refused)
            {
                last = new TryResult(TryEnd.Refused, Refusal: refused);
            }
            else
            {
                foreach (var miner in book.Order(miners, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))))
                {
                    var left = options.Value.TotalTimeout - time.GetElapsedTime(started);
                    if (left <= TimeSpan.Zero)
                    {
                        break;
                    }

                    paid = miner;
                    last = await TryAsync(context, miner, request, hold, left);
                    if (last.End != TryEnd.Failed)
                    {
                        break;
                    }
                }
            }
        }
        finally
        {
            await hold.SettleAsync(last.End is TryEnd.Failed or TryEnd.Refused ? null : paid, last.End == TryEnd.Interrupted ? last.Delivered.WithoutPrompt() : last.Delivered);
        }

        await EndAsync(context, request, last);
        return last.End.ToString().ToLowerInvariant();
    }

    private async Task<TryResult> TryAsync(HttpContext context, Miner miner, InferenceRequest request, InferenceAccount.Hold hold, TimeSpan left)
    {
        var entry = book.Begin(miner);

        // What breaks on our side is not the miner's fault.
        var result = new TryResult(TryEnd.Refused);
        try
        {
            var relay = new AnswerRelay(context, request, hold, options.Value, time);
            using var deadline = new Deadline(left, time, context.RequestAborted);
            result = await relay.RunAsync(call, miner, deadline, RequestSigner.NewIdempotencyKey());
            return result;
        }
        finally
        {
            entry.End();
            switch (result.End)
            {
                case TryEnd.Answered:
                    book.Answered(entry, result.FirstToken, result.Delivered);
                    metrics.FirstToken(request.Netuid, result.FirstToken);
                    break;
                case TryEnd.Failed or TryEnd.Interrupted:
                    book.Failed(entry);
                    LogFailed(miner.Netuid, miner.Uid, miner.Hotkey, result.Reason);
                    break;
                default:
                    break;
            }

            metrics.Tried(request.Netuid, result.End is TryEnd.Failed or TryEnd.Interrupted ? result.Reason : result.End.ToString().ToLowerInvariant());
        }
    }

    private static async Task EndAsync(HttpContext context, InferenceRequest request, TryResult last)
    {
        switch (last.End)
        {
            case TryEnd.Refused:
                // The ledger's no is about money.
                await Problems.WriteAsync(context, last.Refusal!, StatusCodes.Status402PaymentRequired);
                break;
            case TryEnd.Failed when !context.RequestAborted.IsCancellationRequested:
                await Problems.WriteAsync(context, Refusal.Of(ServingErrors.MinersFailed, $"The miners of {request.Model} that were asked did not answer; nothing is charged. Ask again.", ("model", request.Model)));
                break;
            default:
                break;
        }
    }

    [LoggerMessage(3610, LogLevel.Information, "Miner {Uid} of subnet {Netuid} ({Hotkey}) failed: {Reason}")]
    private partial void LogFailed(int netuid, int uid, string hotkey, string reason);
}
