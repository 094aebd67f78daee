using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Grains.Ledgers;

/// <summary>
/// Keeps an activation that was overtaken (another silo loaded the ledger while this one was cut off, and wrote) from answering reads out of its old book: a read leaves when storage, asked after
/// the read came, says that the journal ends with this activation's own batches. Whatever was acknowledged to anybody before a read was sent is therefore in its answer. A read that saw the open
/// batch needs no question, for that batch is appended later than it came and the append itself is fenced; so a busy ledger asks next to nothing, and an idle one once for all who come while
/// a question is under way. Runs on the grain's scheduler only.
/// </summary>
internal sealed class ReadFence(LedgerServices services, string token, LedgerBook book, LedgerWriter writer)
{
    private TaskCompletionSource<long>? _gathering;
    private bool _running;

    /// <summary>Completes when what was read from the book just now may leave.</summary>
    /// <param name="seen">The book's pending sequence when it was read.</param>
    /// <exception cref="Contracts.Ledgers.LedgerUnknownException">This activation is not, or may not be, the one that writes: it reloads.</exception>
    public async Task PassAsync(long seen)
    {
        if (seen > book.Sequence)
        {
            await writer.WhenDurable(seen);
            return;
        }

        var head = await Ask();
        if (head > book.Sequence)
        {
            writer.Lose("overtaken", null);
        }

        // A batch that is being appended may stand there as another's under the same sequence: its append tells.
        writer.ThrowIfLost();
        await writer.WhenDurable(Math.Max(seen, head));
    }

    private Task<long> Ask()
    {
        _gathering ??= new TaskCompletionSource<long>();
        var answer = _gathering.Task;
        if (!_running)
        {
            _running = true;
            _ = RunAsync();
        }

        return answer;
    }

    private async Task RunAsync()
    {
        while (_gathering is { } asking)
        {
            _gathering = null;
            try
            {
                asking.SetResult(await services.Journal.HeadAsync(token));
            }
            catch (Exception e)
            {
                // Nobody can say who writes: better no answer than an old one.
                asking.SetException(e);
            }
        }

        _running = false;
    }
}
