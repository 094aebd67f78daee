using System.Globalization;
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

/// <summary>A miner that was asked, and what came of it; no miner when there was no money.</summary>
internal readonly record struct MinerTry(Miner? Miner, MinerEntry? Entry, TryResult Result);

/// <summary>Answers one request: holds the money, tries miners in order until one's first token is there, passes its answer on, settles what was delivered.</summary>
public sealed partial class InferenceProxy(
    IMinerDirectory directory, MinerBook book, MinerCall call, InferenceAccount account, ServingMetrics metrics, IOptions<ServingOptions> options, IOptions<HttpOptions> http, TimeProvider time, ILogger<InferenceProxy> log)
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
        List<MinerTry> tries = [];
        try
        {
            if (await hold.BeforeAskingAsync() is { } refused)
            {
                tries.Add(new MinerTry(null, null, new TryResult(TryEnd.Refused, Refusal: refused)));
            }
            else
            {
                await TryAllAsync(context, request, miners, hold, started, tries);
            }
        }
        finally
        {
            var last = tries.LastOrDefault();
            await hold.SettleAsync(last.Result.End is TryEnd.Failed or TryEnd.Refused ? null : last.Miner, last.Result.End == TryEnd.Interrupted ? last.Result.Delivered.WithoutPrompt() : last.Result.Delivered);
        }

        await EndAsync(context, request, tries);
        return tries.LastOrDefault().Result.End.ToString().ToLowerInvariant();
    }

    /// <summary>Asks one after the other until something reached the caller.</summary>
    private async Task TryAllAsync(HttpContext context, InferenceRequest request, IReadOnlyList<Miner> miners, InferenceAccount.Hold hold, long started, List<MinerTry> tries)
    {
        foreach (var miner in book.Order(miners, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))))
        {
            var left = options.Value.TotalTimeout - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            if (book.TryBegin(miner) is not { } entry)
            {
                continue;
            }

            // What breaks on our side is not the miner's fault.
            var done = new MinerTry(miner, entry, new TryResult(TryEnd.Refused));
            tries.Add(done);
            done = done with { Result = await TryAsync(context, miner, entry, request, hold, left) };
            tries[^1] = done;
            if (done.Result.End != TryEnd.Failed)
            {
                break;
            }
        }

        // Who refused a request that another one answered has failed; refused by all it is the request that is wrong, and a caller must not bring good miners to rest with it.
        if (tries is [.., { Result.End: TryEnd.Answered }])
        {
            tries.ForEach(t => Refuse(t));
        }

        void Refuse(MinerTry one)
        {
            if (one.Result is { End: TryEnd.Failed, Reason: MinerBook.Refused })
            {
                book.Failed(one.Entry!, MinerBook.Refused);
            }
        }
    }

    private async Task<TryResult> TryAsync(HttpContext context, Miner miner, MinerEntry entry, InferenceRequest request, InferenceAccount.Hold hold, TimeSpan left)
    {
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
                    if (result.Reason != MinerBook.Refused)
                    {
                        book.Failed(entry, result.Reason);
                    }

                    LogFailed(miner.Netuid, miner.Uid, miner.Hotkey, result.Reason);
                    break;
                default:
                    break;
            }

            metrics.Tried(request.Netuid, result.End is TryEnd.Failed or TryEnd.Interrupted ? result.Reason : result.End.ToString().ToLowerInvariant());
        }
    }

    private async Task EndAsync(HttpContext context, InferenceRequest request, List<MinerTry> tries)
    {
        var last = tries.LastOrDefault().Result;
        if (last.End == TryEnd.Refused)
        {
            // The ledger's no is about money.
            await Problems.WriteAsync(context, last.Refusal!, StatusCodes.Status402PaymentRequired);
        }
        else if (last.End == TryEnd.Failed && !context.RequestAborted.IsCancellationRequested)
        {
            var (refusal, status) = WhyNot(request, tries);
            if (status is null)
            {
                Problems.RetryAfter(context, TimeSpan.FromSeconds(http.Value.RetryAfterSeconds));
            }

            await Problems.WriteAsync(context, refusal, status);
        }
    }

    /// <summary>Why nobody answered: all full, the request refused by all, or each in its own way.</summary>
    private (Refusal Refusal, int? Status) WhyNot(InferenceRequest request, List<MinerTry> tries)
    {
        var asked = string.Join(", ", tries.Select(static t => string.Create(CultureInfo.InvariantCulture, $"uid {t.Miner!.Uid}: {t.Result.Reason}")));
        return tries.All(static t => t.Result.Reason == MinerBook.Busy)
            ? (Refusal.Of(ServingErrors.MinersBusy, $"All miners of {request.Model} have as many requests as they take at once; ask again.", ("model", request.Model), ("max", options.Value.RequestsPerMinerMax)), null)
            : tries.All(static t => t.Result.Reason == MinerBook.Refused)
            ? (Refusal.Of(ServingErrors.MinersRefused, $"Every miner of {request.Model} that was asked says it cannot serve this request: a setting out of range, or a kind of work its model does not do ({asked}). Nothing is charged.", ("model", request.Model)), StatusCodes.Status400BadRequest)
            : (Refusal.Of(ServingErrors.MinersFailed, $"The miners of {request.Model} that were asked did not answer ({asked}); nothing is charged. Ask again.", ("model", request.Model), ("asked", asked)), null);
    }

    [LoggerMessage(3610, LogLevel.Information, "Miner {Uid} of subnet {Netuid} ({Hotkey}) failed: {Reason}")]
    private partial void LogFailed(int netuid, int uid, string hotkey, string reason);
}
