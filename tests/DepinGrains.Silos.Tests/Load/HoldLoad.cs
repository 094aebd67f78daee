using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Silos.Tests.Hosting;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>
/// Holds in the ledger under load, as sagas have them: money is set aside, then captured, captured in part, or given back; after an exception the same id is asked again, and every fifth operation once more
/// though it was answered. The book says what must be left: no hold, and to the unit what was captured.
/// </summary>
internal sealed class HoldLoad(IReadOnlyList<Person> payers, string payee, SilosClient silos, int seed)
{
    public const string Token = "uakt";
    private const double AgainProbability = 0.2;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private readonly long[] _captured = new long[payers.Count];
    private readonly List<string> _contradictions = [];
    private readonly Lock _gate = new();

    public int Captured { get; private set; }

    public int Released { get; private set; }

    /// <summary>Calls that ended with an exception and were made again under the same id.</summary>
    public int Retries { get; private set; }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(payers.Select((_, at) => LoopAsync(at, stop)));

    /// <summary>What is wrong with what the holds left behind.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync()
    {
        var wrong = new List<string>(_contradictions);
        for (var at = 0; at < payers.Count; at++)
        {
            var balance = await payers[at].ReadAsync($"/v1/ledgers/{Token}/balance");
            var (posted, held) = (balance["posted"]!.GetValue<long>(), balance["held"]!.GetValue<long>());
            if (posted != TransferLoad.Start - _captured[at] || held != 0)
            {
                wrong.Add($"holder {at} owns {posted}, {held} of it held; the answered captures leave {TransferLoad.Start - _captured[at]} and no hold");
            }
        }

        var got = (await silos.Ledger(Token).GetBalanceAsync(payee)).Posted;
        if (got != _captured.Sum())
        {
            wrong.Add($"{payee} got {got} out of holds, answered captures make {_captured.Sum()}");
        }

        return wrong;
    }

    private async Task LoopAsync(int at, CancellationToken stop)
    {
        var random = new Random(seed + at);
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"test/hold/{at}/{n}");
            var amount = random.NextInt64(2, 50);
            await AnsweredAsync(random, new Transfer(id, TransferKind.Hold, [new Leg(LedgerAccounts.Wallet(payers[at].Identity), -amount)]));
            await Eventually.PauseAsync(Pace);
            if (random.Next(2) == 0)
            {
                await AnsweredAsync(random, new Transfer(id + "/back", TransferKind.Release, [], HoldId: id));
                Count(() => Released++);
                continue;
            }

            // All of it or a part, the rest goes back.
            var taken = random.Next(2) == 0 ? amount : random.NextInt64(1, amount);
            await AnsweredAsync(random, new Transfer(id + "/take", TransferKind.Capture, [new Leg(payee, taken)], HoldId: id, CloseHold: true));
            Count(() => (Captured, _captured[at]) = (Captured + 1, _captured[at] + taken));
        }
    }

    private async Task AnsweredAsync(Random random, Transfer transfer)
    {
        var answer = await UntilAnsweredAsync(transfer);
        Assert.True(answer.IsOk, $"{transfer.Id} was refused: {answer.Refusal}");
        if (random.NextDouble() < AgainProbability && await UntilAnsweredAsync(transfer) is var again && (!again.IsOk || again.Value != answer.Value))
        {
            lock (_gate)
            {
                _contradictions.Add($"{transfer.Id}: {answer.Value}, asked again {(again.IsOk ? again.Value.ToString() : again.Refusal.ToString())}");
            }
        }
    }

    private async Task<Result<TransferReceipt>> UntilAnsweredAsync(Transfer transfer)
    {
        while (true)
        {
            try
            {
                return await silos.Ledger(Token).ExecuteAsync(transfer);
            }
            catch (Exception unknown) when (unknown is not OutOfMemoryException)
            {
                // What the contract says: unknown, ask again with the same id.
                Count(() => Retries++);
                await Eventually.PauseAsync(Pause);
            }
        }
    }

    private void Count(Action what)
    {
        lock (_gate)
        {
            what();
        }
    }
}
