using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Grains.Ledgers;

public sealed partial class LedgerGrain
{
    private LedgerOutcome Decide(Transfer transfer, StoredId? stored)
    {
        try
        {
            var decided = _book.Transfers;
            var outcome = _book.Execute(transfer, services.Clock.GetUtcNow(), stored);
            if (_book.Transfers != decided && outcome.Refusal is null)
            {
                CountIssuance(transfer);
            }

            return outcome;
        }
        catch (Exception e)
        {
            // A bug half way through a decision: the book in memory is worth nothing any more.
            _writer.Lose("bug", e);
            throw;
        }
    }

    /// <summary>For the meters. A hold moves nothing; its capture has a leg for whoever gets the money.</summary>
    private void CountIssuance(Transfer transfer)
    {
        if (transfer.Kind is not (TransferKind.Post or TransferKind.Capture))
        {
            return;
        }

        foreach (var leg in transfer.Legs)
        {
            if (leg.Account == LedgerAccounts.Issuance)
            {
                _writer.Issued(Math.Max(0, -leg.Amount), Math.Max(0, leg.Amount));
            }
        }
    }

    private async Task<Result<TransferReceipt>> LookUpAndExecuteAsync(Transfer transfer) => (await ExecuteManyAsync([transfer]))[0];

    private async Task<LedgerOutcome[]> DecideAllAsync(ImmutableArray<Transfer> transfers)
    {
        _writer.ThrowIfClosed();
        var unsure = new List<string>();
        foreach (var transfer in transfers)
        {
            if (_book.MayBeStored(transfer?.Id))
            {
                unsure.Add(transfer!.Id);
            }
        }

        if (unsure.Count == 0)
        {
            return DecideAll(transfers, null);
        }

        var pin = _indexer.Pin();
        try
        {
            services.Metrics.LookedUp(_token, unsure.Count);
            var stored = new Dictionary<string, StoredId>(StringComparer.Ordinal);
            foreach (var id in unsure)
            {
                stored[id] = default;
            }

            foreach (var found in await services.Journal.FindTransfersAsync(_token, [.. stored.Keys]))
            {
                stored[found.TransferId] = new StoredId(true, found.Fingerprint, found.Answer);
            }

            _writer.ThrowIfClosed();
            return DecideAll(transfers, stored);
        }
        finally
        {
            _indexer.Unpin(pin);
        }
    }

    private LedgerOutcome[] DecideAll(ImmutableArray<Transfer> transfers, Dictionary<string, StoredId>? stored)
    {
        var outcomes = new LedgerOutcome[transfers.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            // Not among the unsure: surely not stored, or in memory. Asking the filter again would only cost.
            var known = stored is not null && transfers[i]?.Id is { } id ? stored.GetValueOrDefault(id) : default;
            outcomes[i] = Decide(transfers[i], known);
        }

        return outcomes;
    }

    private async Task<Result<TransferReceipt>> AnswerAsync(Transfer transfer, LedgerOutcome outcome)
    {
        await _writer.WhenDurable(outcome.Sequence);
        return Answer(transfer, outcome);
    }

    private static Result<TransferReceipt> Answer(Transfer transfer, LedgerOutcome outcome) => outcome.Refusal is { } refusal
        ? refusal
        : new TransferReceipt(transfer.Id, outcome.Sequence, new DateTimeOffset(outcome.Ticks, TimeSpan.Zero), outcome.HeldLeft);
}
