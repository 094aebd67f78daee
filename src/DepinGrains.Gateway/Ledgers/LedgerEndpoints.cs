using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Credits;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Ledgers;

namespace DepinGrains.Gateway.Ledgers;

/// <summary>Money to another identity.</summary>
public sealed record TransferRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string To,
    [property: Range(1, long.MaxValue)] long Amount,
    [property: StringLength(200)] string Memo = "");

/// <summary>Money from the faucet, minor units; only where the operator switched it on.</summary>
public sealed record FaucetRequest([property: Range(1, 1_000_000_000_000)] long Amount);

/// <summary>A token of the network.</summary>
/// <param name="Token">Its denomination, the minor unit.</param>
/// <param name="Symbol">What people call the whole unit.</param>
/// <param name="Decimals">Minor units of one whole unit, as a power of ten.</param>
/// <param name="Supply">All there is, minor units.</param>
public sealed record TokenSupply(string Token, string Symbol, int Decimals, long Supply);

/// <summary>The faucet.</summary>
public sealed class FaucetOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Faucet";

    /// <summary>Off unless switched on; standalone switches it on when bound to loopback.</summary>
    public bool Enabled { get; set; }

    /// <summary>Most per request, whole units of the token.</summary>
    [Range(1, 1_000_000_000)]
    public int WholeMax { get; set; } = 1_000;
}

/// <summary><c>/v1/ledgers</c>: balances, statements, transfers, audit.</summary>
public static class LedgerEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static RouteGroupBuilder MapLedgerEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/ledgers", SuppliesAsync).AllowAnonymous().WithTags("Ledgers").WithName("listLedgers")
            .WithSummary("The network's tokens and how much there is of each").Produces<ImmutableArray<TokenSupply>>();
        var group = routes.MapGroup("/v1/ledgers/{token}").WithTags("Ledgers");
        group.MapGet("balance", BalanceAsync).RequireScope("ledgers:read").WithName("getBalance").WithSummary("The caller's balance");
        group.MapGet("statement", StatementAsync).RequireScope("ledgers:read").WithName("getStatement").WithSummary("The caller's statement, newest line first");
        group.MapPost("transfers", TransferAsync).RequireSignature().WithName("transfer").WithSummary("Send money to another identity");
        group.MapPost("faucet", FaucetAsync).RequireSignature().WithName("faucet").WithSummary("Money for trying things out");
        group.MapGet("audit", AuditAsync).RequireScope("ledgers:read").WithName("auditLedger").WithSummary("Replays the journal and checks that everything adds up");
        return group;
    }

    /// <summary>What was minted and not burned: what the issuance account owes.</summary>
    public static async Task<IResult> SuppliesAsync(TokenCatalog tokens, IGrainFactory grains) => TypedResults.Ok(
        (await Task.WhenAll(tokens.All.Select(async t =>
            new TokenSupply(t.Denom, t.Symbol, t.Decimals, -(await grains.GetGrain<ILedgerGrain>(t.Denom).GetBalanceAsync(LedgerAccounts.Issuance)).Posted)))).ToImmutableArray());

    /// <summary>The caller's balance.</summary>
    public static async Task<IResult> BalanceAsync(string token, Caller caller, TokenCatalog tokens, IGrainFactory grains) =>
        Ledger(token, tokens, grains) is { IsOk: true, Value: var ledger }
            ? TypedResults.Ok(await ledger.GetBalanceAsync(LedgerAccounts.Wallet(caller.Identity)))
            : Problems.From(Unknown(token));

    /// <summary>The caller's statement.</summary>
    public static async Task<IResult> StatementAsync(string token, PageQuery page, Caller caller, TokenCatalog tokens, IGrainFactory grains)
    {
        var ledger = Ledger(token, tokens, grains);
        if (!ledger.IsOk)
        {
            return Problems.From(ledger.Refusal);
        }

        var statement = await ledger.Value.GetStatementAsync(LedgerAccounts.Wallet(caller.Identity), page.Cursor, page.Limit);
        return statement.IsOk ? TypedResults.Ok(statement.Value) : Problems.From(statement.Refusal);
    }

    /// <summary>A transfer between wallets; the transfer's id is the request's operation id.</summary>
    public static async Task<IResult> TransferAsync(string token, TransferRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains)
    {
        var ledger = Ledger(token, tokens, grains);
        if ((ledger.Refusal ?? await caller.VerifyAsync(grains)) is { } refusal)
        {
            return Problems.From(refusal);
        }

        if (!IdentityIds.IsIdentity(body.To))
        {
            return Problems.From(Refusal.Of("ledger.recipient_invalid", "the recipient is not an identity id"));
        }

        var denom = tokens.Find(token)!.Denom;
        if (tokens.Sources(denom).Count > 0)
        {
            // Credit takes what it was minted from along: its take fee and its way back depend on it.
            var moved = await grains.GetGrain<ICreditAccountGrain>(CreditLedgers.AccountKey(denom, LedgerAccounts.Wallet(caller.Identity)))
                .SendAsync("api/" + caller.OperationId(context), LedgerAccounts.Wallet(body.To), body.Amount, body.Memo);
            return moved.IsOk ? TypedResults.Ok(moved.Value.Receipt) : Problems.From(moved.Refusal);
        }

        return Answer(await ledger.Value!.ExecuteAsync(new Transfer(
            "api/" + caller.OperationId(context),
            TransferKind.Post,
            [new Leg(LedgerAccounts.Wallet(caller.Identity), -body.Amount), new Leg(LedgerAccounts.Wallet(body.To), body.Amount)],
            Memo: body.Memo)));
    }

    /// <summary>The faucet.</summary>
    public static async Task<IResult> FaucetAsync(
        string token, FaucetRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains, Microsoft.Extensions.Options.IOptions<FaucetOptions> options)
    {
        if (!options.Value.Enabled)
        {
            return Problems.From(Refusal.Of("ledger.faucet_not_allowed", "this network has no faucet"));
        }

        if (tokens.Find(token) is not { } known)
        {
            return Problems.From(Unknown(token));
        }

        var most = (Int128)options.Value.WholeMax * (Int128)Math.Pow(10, known.Decimals);
        if (body.Amount > most)
        {
            return Problems.From(Refusal.Of("ledger.faucet_amount", $"the faucet gives at most {options.Value.WholeMax} {known.Symbol} at a time", ("max", most), ("wanted", body.Amount)));
        }

        var ledger = Ledger(token, tokens, grains);
        if ((ledger.Refusal ?? await caller.VerifyAsync(grains)) is { } refusal)
        {
            return Problems.From(refusal);
        }

        return Answer(await ledger.Value!.ExecuteAsync(new Transfer(
            "faucet/" + caller.OperationId(context),
            TransferKind.Post,
            [new Leg(LedgerAccounts.Issuance, -body.Amount), new Leg(LedgerAccounts.Wallet(caller.Identity), body.Amount)],
            Memo: "faucet")));
    }

    /// <summary>The audit.</summary>
    public static async Task<IResult> AuditAsync(string token, TokenCatalog tokens, IGrainFactory grains) =>
        Ledger(token, tokens, grains) is { IsOk: true, Value: var ledger } ? TypedResults.Ok(await ledger.AuditAsync()) : Problems.From(Unknown(token));

    private static Result<ILedgerGrain> Ledger(string token, TokenCatalog tokens, IGrainFactory grains) =>
        tokens.Find(token) is { } known ? new Result<ILedgerGrain>(grains.GetGrain<ILedgerGrain>(known.Denom), null) : Unknown(token);

    private static Refusal Unknown(string token) => Refusal.Of("ledger.token_unknown", $"this network has no token {token}", ("token", token));

    private static IResult Answer(Result<TransferReceipt> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
