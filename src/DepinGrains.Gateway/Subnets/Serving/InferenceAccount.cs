using System.Collections.Concurrent;
using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Grains.Network;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>
/// Money of requests: hold <c>inference/{id}</c> for the most it can cost → capture <c>/take</c> of what was delivered, miner and fee, the rest freed → or release <c>/back</c>. The hold expires by itself: a gateway that dies takes
/// nothing from anybody, and its miners' last answers stay unpaid. Every step has one id, so that asking the ledger again is harmless.
/// </summary>
public sealed partial class InferenceAccount(
    IGrainFactory grains, NetworkParameters parameters, IOptions<ServingOptions> options, ServingMetrics metrics, TimeProvider time, ILogger<InferenceAccount> log)
{
    private const int SettleTries = 8;
    private const int SolventMax = 100_000;
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SolventFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private readonly ConcurrentDictionary<string, long> _solvent = new(StringComparer.Ordinal);

    /// <summary>Prices now.</summary>
    public async ValueTask<InferencePrice> PriceAsync()
    {
        var values = await parameters.NowAsync();
        var denom = options.Value.Denom;
        return new InferencePrice(
            values.Of(NetworkParameterCatalog.InferencePrompt, denom),
            values.Of(NetworkParameterCatalog.InferenceCompletion, denom),
            values.Of(NetworkParameterCatalog.InferenceImage, denom),
            (int)values[NetworkParameterCatalog.InferenceFee]);
    }

    /// <summary>Begins to hold the most a request can cost.</summary>
    public Hold Begin(string caller, InferenceRequest request, InferencePrice price)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new Hold(this, caller, request, price, HoldAsync(caller, "inference/" + RequestSigner.NewIdempotencyKey(), price.Cost(request.Bound)));
    }

    /// <summary>A caller whose last hold was granted lately: miners may be asked while the ledger is.</summary>
    private bool IsSolvent(string caller) => _solvent.TryGetValue(caller, out var at) && time.GetElapsedTime(at) < SolventFor;

    private async Task<(string? Id, Refusal? Refusal)> HoldAsync(string caller, string id, long amount)
    {
        if (amount == 0)
        {
            return (null, null);
        }

        var expires = time.GetUtcNow() + options.Value.TotalTimeout + Grace;
        var held = await Ledger.ExecuteAsync(new Transfer(id, TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(caller), -amount)], ExpiresAt: expires, Memo: "inference"));
        if (!held.IsOk)
        {
            _solvent.TryRemove(caller, out _);
            return (null, held.Refusal);
        }

        if (_solvent.Count >= SolventMax)
        {
            _solvent.Clear();
        }

        _solvent[caller] = time.GetTimestamp();
        return (id, null);
    }

    private void Billed(int netuid, InferenceUse use) => metrics.Billed(netuid, use);

    private ILedgerGrain Ledger => grains.GetGrain<ILedgerGrain>(options.Value.Denom);

    /// <summary>Asks until the ledger says what became of it, some times.</summary>
    private async Task SettleAsync(int netuid, Transfer transfer)
    {
        var pause = FirstPause;
        for (var n = 1; ; n++)
        {
            try
            {
                var settled = await Ledger.ExecuteAsync(transfer);
                if (!settled.IsOk)
                {
                    metrics.Unsettled(netuid);
                    LogRefused(transfer.Id, settled.Refusal.ToString());
                }

                return;
            }
            catch (Exception unknown) when (n < SettleTries)
            {
                LogAgain(transfer.Id, unknown.Message);
            }
            catch (Exception unknown)
            {
                metrics.Unsettled(netuid);
                LogRefused(transfer.Id, unknown.Message);
                return;
            }

            await Task.Delay(pause, time, CancellationToken.None);
            pause *= 2;
        }
    }

    [LoggerMessage(3600, LogLevel.Warning, "{Transfer}: the ledger did not say what became of it, asked again: {Problem}")]
    private partial void LogAgain(string transfer, string problem);

    [LoggerMessage(3601, LogLevel.Error, "{Transfer} was not taken by the ledger; the hold lapses: {Problem}")]
    private partial void LogRefused(string transfer, string problem);

    /// <summary>One request's money.</summary>
    public sealed class Hold
    {
        private readonly InferenceAccount _account;
        private readonly InferenceRequest _request;
        private readonly InferencePrice _price;
        private readonly Task<(string? Id, Refusal? Refusal)> _held;
        private readonly bool _waits;

        internal Hold(InferenceAccount account, string caller, InferenceRequest request, InferencePrice price, Task<(string?, Refusal?)> held) =>
            (_account, _request, _price, _held, _waits) = (account, request, price, held, !account.IsSolvent(caller));

        /// <summary>Before a miner is asked: a caller who was not seen to have money waits for the ledger, or strangers would put miners to work for nothing.</summary>
        public async ValueTask<Refusal?> BeforeAskingAsync() => _waits || _held.IsCompleted ? (await _held).Refusal : null;

        /// <summary>Before the first byte leaves: nobody gets anything that is not held for.</summary>
        public async ValueTask<Refusal?> BeforeAnsweringAsync() => (await _held).Refusal;

        /// <summary>Pays what was delivered, or gives all back.</summary>
        public async Task SettleAsync(Miner? miner, InferenceUse delivered)
        {
            string? id;
            try
            {
                id = (await _held).Id;
            }
            catch (Exception unknown)
            {
                // Nothing was answered then; a hold that was booked all the same lapses.
                _account.LogAgain("inference hold", unknown.Message);
                return;
            }

            if (id is null)
            {
                return;
            }

            var use = delivered.Within(_request.Bound);
            var amount = _price.Cost(use);
            if (miner is null || amount == 0)
            {
                await _account.SettleAsync(_request.Netuid, new Transfer(id + "/back", TransferKind.Release, [], HoldId: id));
                return;
            }

            var (earned, fee) = _price.Split(amount);
            var legs = ImmutableArray.CreateBuilder<Leg>(2);
            if (earned > 0)
            {
                legs.Add(new Leg(miner.PayTo, earned));
            }

            if (fee > 0)
            {
                legs.Add(new Leg(LedgerAccounts.CommunityPool, fee));
            }

            await _account.SettleAsync(_request.Netuid, new Transfer(id + "/take", TransferKind.Capture, legs.ToImmutable(), HoldId: id, CloseHold: true, Memo: $"{_request.Model} uid {miner.Uid}"));
            _account.Billed(_request.Netuid, use);
        }
    }
}
