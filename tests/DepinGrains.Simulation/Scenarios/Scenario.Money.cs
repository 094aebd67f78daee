using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Commands to ledgers.</content>
internal sealed partial class Scenario
{
    private static readonly ImmutableArray<string> Tenants = ["id_t0", "id_t1", "id_t2"];
    private static readonly ImmutableArray<string> Sellers = ["id_p0", "id_p1", "id_p2", "id_p3"];
    private static readonly ImmutableArray<string> Everybody = [.. Tenants, .. Sellers];

    private string Token() => _rng.OneIn(5) ? "uakt" : Denom;

    private Task MintAsync() => MintAsync(Token(), _rng.Pick(Everybody), _rng.Between(1, 2_000_000));

    private async Task MintAsync(string token, string identity, long amount) =>
        await PostAsync(token, new Leg(LedgerAccounts.Issuance, -amount), new Leg(LedgerAccounts.Wallet(identity), amount));

    private async Task TransferAsync()
    {
        var (from, to) = (_rng.Pick(Everybody), _rng.Pick(Everybody));
        if (from != to)
        {
            var amount = _rng.Between(1, 800_000);
            await PostAsync(Token(), new Leg(LedgerAccounts.Wallet(from), -amount), new Leg(LedgerAccounts.Wallet(to), amount));
        }
    }

    private async Task PostAsync(string token, params ImmutableArray<Leg> legs)
    {
        if ((await ExecuteAsync(token, new Transfer(_caller.NewId(), TransferKind.Post, legs))).IsOk)
        {
            _model.Moved(token, legs.AsSpan());
        }
    }

    private async Task HoldAsync()
    {
        var (token, account, amount) = (Token(), LedgerAccounts.Wallet(_rng.Pick(Everybody)), _rng.Between(1, 300_000));
        DateTimeOffset? expires = _rng.OneIn(2) ? _world.Time.GetUtcNow() + TimeSpan.FromSeconds(_rng.Between(1, 300)) : null;
        var hold = new Transfer(_caller.NewId(), TransferKind.Hold, [new Leg(account, -amount)], ExpiresAt: expires);
        if ((await ExecuteAsync(token, hold)).IsOk)
        {
            _model.Holds[(token, hold.Id)] = new DirectHold(account, amount, expires);
        }
    }

    private async Task ChangeHoldAsync()
    {
        if (_model.Holds.Count == 0)
        {
            return;
        }

        var ((token, id), hold) = _model.Holds.ElementAt(_rng.Below(_model.Holds.Count));
        var amount = _rng.Between(1, 200_000);
        var to = LedgerAccounts.Wallet(_rng.Pick(Everybody));
        switch (_rng.Below(4))
        {
            case 0 when (await ExecuteAsync(token, new Transfer(_caller.NewId(), TransferKind.TopUpHold, [new Leg(hold.Account, -amount)], id))).IsOk:
                hold.Left += amount;
                break;
            case 1 when (await ExecuteAsync(token, new Transfer(_caller.NewId(), TransferKind.Release, [], id))).IsOk:
                hold.Closed = true;
                break;
            case 2 or 3 when to != hold.Account:
                var close = _rng.OneIn(3);
                if ((await ExecuteAsync(token, new Transfer(_caller.NewId(), TransferKind.Capture, [new Leg(to, amount)], id, close))).IsOk)
                {
                    hold.Left -= amount;
                    hold.Closed |= close;
                    _model.Moved(token, new Leg(hold.Account, -amount), new Leg(to, amount));
                }

                break;
        }
    }

    /// <summary>Balances asked of whichever activation answers, an overtaken one too, know everything that was written before they were asked.</summary>
    private async Task BalancesAsync()
    {
        var (token, accounts) = (Token(), Everybody.Select(LedgerAccounts.Wallet).ToImmutableArray());
        if (_rng.OneIn(4))
        {
            await _world.UpAsync();
            if (_world.Runtime is { } runtime)
            {
                await DetachAsync(runtime.Grains.GetGrain<ILedgerGrain>(token));
                await MintAsync(token, _rng.Pick(Everybody), 1);
            }
        }

        var before = 0L;
        var answer = await _caller.AskAsync($"balances {token}", () =>
        {
            before = _world.Head(token);
            return Ledger(token).GetBalancesAsync(accounts);
        });
        if (answer.IsOk && answer.Value.Sequence < before)
        {
            _world.Problems.Add($"balances of {token} were shown at batch {answer.Value.Sequence}, {before} had been written before they were asked");
        }
    }

    private async Task<Result<TransferReceipt>> ExecuteAsync(string token, Transfer transfer)
    {
        var answer = await _caller.AskAsync(
            $"{transfer.Kind.ToString().ToLowerInvariant()} {token} {transfer.Id}",
            () => Ledger(token).ExecuteAsync(transfer),
            (first, again) => _caller.MustBeSame($"transfer {transfer.Id}", first, again));
        if (answer.IsOk && answer.Value.Sequence > _world.Head(token))
        {
            _world.Problems.Add($"transfer {transfer.Id} was answered with batch {answer.Value.Sequence}, which was never written");
        }

        return answer;
    }
}
