using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Domain.Credits;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Credits;

/// <summary>
/// Owns conversions. Buy: hold the token → mint source and credit → capture the token into issuance. Sell: credit, with its source, into the vault's account → mint the token →
/// burn credit and source. The hold (buy) or the move (sell) is the point of no return: refused before it → forgotten; after it only repeated.
/// </summary>
[GrainType("depin.credit_vault")]
public sealed class CreditVaultGrain(IRowStore store, TokenCatalog tokens, NetworkParameters parameters, NetworkClock clock) : Grain, ICreditVaultGrain
{
    /// <summary>Where credit waits to be burned.</summary>
    private const string VaultAccount = "vault/credit";

    private GrainRow<CreditVaultState> _row = null!;

    private string Credit => this.GetPrimaryKeyString();

    private CreditVaultState State => _row.Value ?? new CreditVaultState([], null);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<CreditVaultState>(store, CreditVaultState.Kind, Credit, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<CreditQuote>> QuoteAsync(CreditDirection direction, string token, long amount)
    {
        _row.ThrowIfLost();
        return await PricedAsync(direction, tokens.Find(token)?.Denom ?? token, amount);
    }

    /// <inheritdoc/>
    public async Task<Result<CreditConversion>> ConvertAsync(string operationId, ConvertCredit command)
    {
        await TickAsync();
        command = command with { Token = tokens.Find(command.Token)?.Denom ?? command.Token };
        if (await _row.RememberedAsync<CreditConversion>(operationId, Changes.Fingerprint(command)) is { } remembered)
        {
            return remembered;
        }

        var quoted = await PricedAsync(command.Direction, command.Token, command.Amount);
        if (!quoted.IsOk)
        {
            return quoted.Refusal;
        }

        var quote = quoted.Value;
        if (quote.Out < command.MinOut || quote.Out == 0)
        {
            var (given, got) = command.Direction == CreditDirection.Buy ? (command.Token, Credit) : (Credit, command.Token);
            return Refusal.Of(
                "act.price_moved",
                $"{command.Amount} {given} give {quote.Out} {got} at {quote.Usd} USD, less than the {Math.Max(1, command.MinOut)} wanted; ask for a new quote, or take less",
                ("out", quote.Out),
                ("minOut", command.MinOut),
                ("usd", quote.Usd),
                ("spreadBps", quote.SpreadBps));
        }

        var intent = new ConversionIntent(operationId, command, quote.Out, quote.Usd, quote.SpreadBps, quote.At);
        return await _row.CommitAsync(State with { Intent = intent }) is { } refusal ? refusal : await CompleteAsync(intent);
    }

    /// <inheritdoc/>
    public async Task<CreditVaultView> GetAsync()
    {
        _row.ThrowIfLost();
        var values = ImmutableArray.CreateBuilder<CreditVaultToken>();
        foreach (var token in tokens.Sources(Credit))
        {
            var source = State.Source(token);
            var outstanding = await OutstandingAsync(token);
            var price = await GrainFactory.GetGrain<IOracleGrain>(OracleKeys.Network).GetPriceAsync(token);
            var collateral = price.IsOk ? CreditMath.CollateralBps(CreditMath.Worth(source.Burned, Decimals(token), Decimals(Credit), price.Value.PriceE8), outstanding) : (long?)null;
            values.Add(new CreditVaultToken(token, source.Burned, outstanding, MintedToday(source), collateral));
        }

        return new CreditVaultView(Credit, values.DrainToImmutable(), State.Intent is not null);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (State.Intent is { } intent)
        {
            await CompleteAsync(intent);
        }
    }

    /// <summary>What an amount gives now, after every limit.</summary>
    private async Task<Result<CreditQuote>> PricedAsync(CreditDirection direction, string token, long amount)
    {
        if (!tokens.Sources(Credit).Contains(token))
        {
            return Refusal.Of("act.token_not_allowed", $"{Credit} is minted from {string.Join(", ", tokens.Sources(Credit))}, not {token}", ("token", token));
        }

        var values = await parameters.NowAsync();
        var given = direction == CreditDirection.Buy ? token : Credit;
        if (amount < values.Of(NetworkParameterCatalog.ActMin, given))
        {
            return Refusal.Of("act.amount_min", $"{amount} {given} is below the least of {values.Of(NetworkParameterCatalog.ActMin, given)}", ("amount", amount), ("min", values.Of(NetworkParameterCatalog.ActMin, given)));
        }

        var price = await GrainFactory.GetGrain<IOracleGrain>(OracleKeys.Network).GetPriceAsync(token);
        if (!price.IsOk)
        {
            return price.Refusal;
        }

        var spread = (int)values.Of(NetworkParameterCatalog.ActSpread, token);
        var (decimals, credits) = (Decimals(token), Decimals(Credit));
        var outcome = direction == CreditDirection.Buy
            ? CreditMath.Buy(amount, decimals, credits, price.Value.PriceE8, spread)
            : CreditMath.Sell(amount, decimals, credits, price.Value.PriceE8, spread);
        if (!outcome.IsOk)
        {
            return outcome.Refusal;
        }

        var refusal = direction == CreditDirection.Buy
            ? await WhyNotBuyAsync(token, outcome.Value, price.Value.PriceE8, values)
            : WhyNotSell(token, outcome.Value);
        return refusal is not null
            ? refusal
            : new CreditQuote(direction, token, amount, outcome.Value, price.Value.Usd!, spread, values.At);
    }

    private async Task<Refusal?> WhyNotBuyAsync(string token, long credit, long priceE8, ParameterValues values)
    {
        var source = State.Source(token);
        var today = MintedToday(source);
        var max = values.Of(NetworkParameterCatalog.ActDayMax, token);
        if (credit > max - today)
        {
            return Refusal.Of("act.day_max", $"{today} {Credit} were minted from {token} today; {credit} more exceed {max}", ("today", today), ("wanted", credit), ("max", max));
        }

        var outstanding = await OutstandingAsync(token);
        var halt = values[NetworkParameterCatalog.ActHaltCollateral];
        var collateral = CreditMath.CollateralBps(CreditMath.Worth(source.Burned, Decimals(token), Decimals(Credit), priceE8), outstanding);
        return collateral >= halt
            ? null
            : Refusal.Of(
                "act.halted",
                $"what was burned of {token} is worth {collateral} basis points of the {outstanding} {Credit} minted from it, below {halt}: no more is minted until it recovers",
                ("collateralBps", collateral),
                ("haltBps", halt),
                ("outstanding", outstanding));
    }

    private Refusal? WhyNotSell(string token, long give) => tokens.Find(token)!.Native || give <= State.Source(token).Burned
        ? null
        : Refusal.Of("act.vault_short", $"{give} {token} are due and {State.Source(token).Burned} came in; only the network's own token is minted beyond that", ("due", give), ("burned", State.Source(token).Burned));

    private async Task<Result<CreditConversion>> CompleteAsync(ConversionIntent intent)
    {
        var (command, source) = (intent.Command, State.Source(intent.Command.Token));
        var refused = command.Direction == CreditDirection.Buy ? await BuyAsync(intent) : await SellAsync(intent);
        var changes = new Changes();
        var next = State with { Intent = null };
        Result<CreditConversion> answer;
        if (refused is not null)
        {
            answer = refused;
        }
        else
        {
            var done = new CreditConversion(intent.Id, command.Identity, command.Direction, command.Token, command.Amount, intent.Out, intent.Usd, intent.At);
            var day = DateOnly.FromDateTime(intent.At.UtcDateTime);
            source = command.Direction == CreditDirection.Buy
                ? source with { Burned = checked(source.Burned + command.Amount), Day = day, MintedOnDay = (source.Day == day ? source.MintedOnDay : 0) + intent.Out }
                : source with { Burned = Math.Max(0, source.Burned - intent.Out) };
            next = next.With(source);
            changes.With(ConversionRow.Kind.Child(Credit, intent.OperationId, new ConversionRow(done)))
                .Event("network", command.Direction == CreditDirection.Buy ? "act.minted" : "act.burned", intent.Id, new { command.Token, command.Amount, intent.Out, intent.Usd });
            answer = done;
        }

        changes.Remember(intent.OperationId, Changes.Fingerprint(command), answer);
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : answer;
    }

    private async Task<Refusal?> BuyAsync(ConversionIntent intent)
    {
        var (command, wallet) = (intent.Command, LedgerAccounts.Wallet(intent.Command.Identity));
        var hold = intent.Id + "/hold";
        var held = await Ledger(command.Token).ExecuteAsync(new Transfer(hold, TransferKind.Hold, [new Leg(wallet, -command.Amount)], Memo: "buy " + Credit));
        if (!held.IsOk)
        {
            return held.Refusal;
        }

        ImmutableArray<Leg> mint = [new Leg(LedgerAccounts.Issuance, -intent.Out), new Leg(wallet, intent.Out)];
        // Source before credit: whoever spends in between never has credit whose source is missing.
        await MustAsync(CreditLedgers.Of(Credit, command.Token), new Transfer(intent.Id, TransferKind.Post, mint, Memo: "minted from " + command.Token));
        await MustAsync(Credit, new Transfer(intent.Id, TransferKind.Post, mint, Memo: "minted from " + command.Token));
        await MustAsync(command.Token, new Transfer(intent.Id, TransferKind.Capture, [new Leg(LedgerAccounts.Issuance, command.Amount)], hold, CloseHold: true, Memo: "burned into " + Credit));
        return null;
    }

    private async Task<Refusal?> SellAsync(ConversionIntent intent)
    {
        var (command, wallet) = (intent.Command, LedgerAccounts.Wallet(intent.Command.Identity));
        var account = GrainFactory.GetGrain<ICreditAccountGrain>(CreditLedgers.AccountKey(Credit, wallet));
        var moved = await account.SendAsync(intent.Id, VaultAccount, command.Amount, "burned back into " + command.Token, command.Token);
        if (!moved.IsOk)
        {
            return moved.Refusal;
        }

        await MustAsync(command.Token, new Transfer(intent.Id, TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -intent.Out), new Leg(wallet, intent.Out)], Memo: "for " + Credit));
        ImmutableArray<Leg> burn = [new Leg(VaultAccount, -command.Amount), new Leg(LedgerAccounts.Issuance, command.Amount)];
        await MustAsync(CreditLedgers.Of(Credit, command.Token), new Transfer(intent.Id + "/burn", TransferKind.Post, burn));
        await MustAsync(Credit, new Transfer(intent.Id + "/burn", TransferKind.Post, burn));
        return null;
    }

    private async Task MustAsync(string token, Transfer transfer) => (await Ledger(token).ExecuteAsync(transfer)).Require();

    private async Task<long> OutstandingAsync(string token) => -(await Ledger(CreditLedgers.Of(Credit, token)).GetBalanceAsync(LedgerAccounts.Issuance)).Posted;

    private long MintedToday(VaultSource source) => source.Day == DateOnly.FromDateTime(clock.Now.UtcDateTime) ? source.MintedOnDay : 0;

    private int Decimals(string denom) => tokens.Find(denom)!.Decimals;

    private ILedgerGrain Ledger(string token) => GrainFactory.GetGrain<ILedgerGrain>(token);
}
