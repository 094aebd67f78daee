using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using FsCheck;
using FsCheck.Fluent;
using static DepinGrains.Domain.Tests.Ledgers.BookHarness;

namespace DepinGrains.Domain.Tests.Ledgers;

/// <summary>Random histories against the model: every number of a list is one step, so that a failing list shrinks to the steps that matter.</summary>
public class LedgerPropertyTests
{
    private static readonly string[] Names = ["a", "b", "c", "wallet/d", LedgerAccounts.Issuance];

    [Fact]
    public void Random_histories_conserve_money_and_agree_with_the_model_after_any_restart()
    {
        var steps = Gen.Choose(0, int.MaxValue - 1).ArrayOf().Resize(300).ToArbitrary();
        Check.One(PropertySeed.Config.WithMaxTest(400), Prop.ForAll(steps, Run));
    }

    private static void Run(int[] steps)
    {
        var world = new World();
        foreach (var step in steps)
        {
            world.Step(new Choices((uint)step));
        }

        world.Finish();
    }

    /// <summary>Small choices out of one number.</summary>
    private struct Choices(uint seed)
    {
        private uint _left = seed;

        public int Of(int count)
        {
            var choice = (int)(_left % (uint)count);
            _left /= (uint)count;
            return choice;
        }
    }

    private sealed class World
    {
        private readonly BookHarness _h = new();
        private readonly LedgerModel _model = new();
        private readonly Dictionary<string, StoredId> _stored = [];
        private DateTimeOffset _batchTime = Start;
        private long _indexed;
        private byte[]? _snapshot;

        public void Step(Choices pick)
        {
            switch (pick.Of(16))
            {
                case 0:
                    _h.Seal();
                    break;
                case 1:
                    _h.Now += TimeSpan.FromSeconds(pick.Of(5) - 1);
                    break;
                case 2:
                    _h.Seal();
                    Index(pick.Of(3));
                    break;
                case 3:
                    _h.Seal();
                    _snapshot = _h.Book.Snapshot();
                    break;
                case 4:
                    _h.Seal();
                    _h.Restart(pick.Of(2) == 0 ? _snapshot : null, _indexed);
                    break;
                default:
                    Execute(Operation(ref pick));
                    break;
            }

            Invariants();
        }

        public void Finish()
        {
            _h.Seal();
            var columns = _h.Book.Columns();
            Assert.Empty(_h.Replayed().Compare(columns));
            Assert.Empty(_h.Replayed(_h.Book.Snapshot()).Compare(columns));
            Assert.All(_model.Applied.Values, times => Assert.Equal(1, times));
            Assert.Equal(_model.Answers, _h.Book.Transfers);
        }

        private void Index(int batchesBehind)
        {
            // What the grain's indexer does: rows of ids first, then memory lets go.
            for (; _indexed < _h.Journal.Count - batchesBehind; _indexed++)
            {
                var reader = new BatchReader(_h.Journal[(int)_indexed].Payload.Span);
                while (reader.Next())
                {
                    if (reader.Kind != JournalKind.Expire)
                    {
                        var answer = new RememberedAnswer(reader.Refusal, reader.Sequence, reader.Ticks, reader.HeldLeft);
                        _stored.Add(System.Text.Encoding.ASCII.GetString(reader.Id), new StoredId(true, reader.Fingerprint.ToArray(), answer.Encode()));
                    }
                }
            }

            _h.Book.EvictThrough(_indexed);
        }

        private void Execute(Transfer transfer)
        {
            var before = _batchTime;
            if (_h.Book.OpenOperations == 0 && _h.Now > _batchTime)
            {
                _batchTime = _h.Now;
            }

            // An answer that is given again opens no batch; the model may expire no earlier than the book.
            var open = _h.Book.OpenOperations;
            var outcome = _h.Do(transfer);
            if (outcome.NeedsLookup)
            {
                outcome = _h.Do(transfer, _stored.GetValueOrDefault(transfer.Id));
            }

            Assert.False(outcome.NeedsLookup);
            var opened = open > 0 || _h.Book.OpenOperations > 0 || _h.Book.ExpireDue(_batchTime);
            var (code, left) = _model.Do(transfer, _batchTime);
            if (!opened)
            {
                // Nothing was written down: should the clock jump back, the next batch may be earlier than this one would have been.
                _batchTime = before;
            }

            Assert.Equal((code, code is null ? left : 0), (outcome.Refusal?.Code, outcome.HeldLeft));
        }

        private static Transfer Operation(ref Choices pick)
        {
            var id = $"t{pick.Of(60)}";
            var kind = pick.Of(7);
            var (from, to) = (pick.Of(Names.Length), pick.Of(Names.Length - 1));
            var (account, other) = (Names[from], Names[to >= from ? to + 1 : to]);
            var amount = 1 + pick.Of(9);
            var hold = $"t{pick.Of(60)}";
            return kind switch
            {
                0 => Post(id, LedgerAccounts.Issuance, "a", 20 + amount),
                1 => Post(id, account, other, amount, "m"),
                2 => Hold(id, account, amount, pick.Of(2) == 0 ? null : Start.AddSeconds(amount)),
                3 => Capture(id, hold, pick.Of(2) == 0, new Leg(other, amount)),
                4 => Capture(id, hold, false, new Leg(account, 1), new Leg(other, amount)),
                5 => TopUp(id, hold, account, amount),
                _ => Release(id, hold),
            };
        }

        private void Invariants()
        {
            Assert.Equal(Int128.Zero, _h.Book.Sum());
            Assert.Empty(_h.Book.Check());
            foreach (var name in Names)
            {
                Assert.Equal((_model.Owned(name), _model.Held(name)), (_h.Book.Balance(name).Posted, _h.Book.Balance(name).Held));
                Assert.True(name == LedgerAccounts.Issuance || _h.Book.Balance(name).Available >= 0);
            }
        }
    }
}
