using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Staking;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Queries;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Staking;

/// <summary><c>/v1/staking/{token}</c>: stake on hotkeys (validators), delegation, inflation; TAO and AKT.</summary>
public static class StakingEndpoints
{
    private const string Hotkey = "hotkeys/{coldkey}/{key}";

    /// <summary>Maps the endpoints.</summary>
    public static void MapStakingEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/staking/{token}").WithTags("Staking");
        group.MapGet("hotkeys", HotkeysAsync).AllowAnonymous().WithName("listHotkeys").WithSummary("Hotkeys with stake, those with most at their last movement first; delegates=true: those that take delegation").Produces<Page<HotkeyView>>();
        group.MapGet(Hotkey, HotkeyAsync).AllowAnonymous().WithName("getHotkey").WithSummary("A hotkey with all its stake").Produces<HotkeyView>();
        group.MapGet("stakes", StakesAsync).RequireScope("ledgers:read").WithName("listStakes").WithSummary("The caller's stakes").Produces<Page<StakeView>>();
        group.MapGet(Hotkey + "/stake", StakeAsync).RequireScope("ledgers:read").WithName("getStake").WithSummary("The caller's stake on a hotkey").Produces<StakeView>();
        group.MapPost(Hotkey + "/add", AddAsync).RequireSignature().WithName("addStake").WithSummary("Stake on a hotkey").Produces<StakeView>();
        group.MapPost(Hotkey + "/remove", RemoveAsync).RequireSignature().WithName("removeStake").WithSummary("Take stake out, at once or through the exit queue").Produces<StakeView>();
        group.MapPost(Hotkey + "/cancel-unbonding", CancelAsync).RequireSignature().WithName("cancelUnbonding").WithSummary("Take exits back into the stake").Produces<StakeView>();
        group.MapPost(Hotkey + "/terms", TermsAsync).RequireSignature().WithName("setStakeTerms").WithSummary("Take delegation or not, and for which take (the hotkey's owner)").Produces<HotkeyView>();
        group.MapPost("moves", MoveAsync).RequireSignature().WithName("moveStake").WithSummary("Move stake from one hotkey to another at once").Produces<StakeView>();
        group.MapGet("inflation", InflationAsync).AllowAnonymous().WithName("getInflation").WithSummary("Inflation for stakers: rate, next epoch, what was minted").Produces<InflationView>();
        group.MapGet("inflation/epochs", EpochsAsync).AllowAnonymous().WithName("listInflationEpochs").WithSummary("Epochs of inflation, newest first").Produces<Page<InflationEpoch>>();
    }

    /// <summary>The hotkeys, each as its grain sees it now.</summary>
    public static Task<IResult> HotkeysAsync(string token, PageQuery page, IRowStore store, TokenCatalog tokens, IGrainFactory grains, bool? delegates, string? owner) =>
        ListAsync(
            store,
            new ListQuery(StakeState.Kind.Table.Kind, RowLists.Filters(("token", Denom(tokens, token)), ("is_delegate", delegates), ("owner", owner)), "staked", Descending: true, page.Limit, page.Cursor),
            row => grains.GetGrain<IStakeGrain>(row.Id.Key).GetAsync());

    /// <summary>A hotkey.</summary>
    public static async Task<IResult> HotkeyAsync(string token, string coldkey, string key, TokenCatalog tokens, IGrainFactory grains) =>
        Answer(await Stake(token, coldkey, key, tokens, grains).GetAsync());

    /// <summary>The caller's stakes, each as its grain sees it now.</summary>
    public static Task<IResult> StakesAsync(string token, PageQuery page, Caller caller, IRowStore store, TokenCatalog tokens, IGrainFactory grains) => ListAsync(
        store,
        new ListQuery(DelegationState.Kind.Table.Kind, RowLists.Filters(("coldkey", caller.Identity), ("token", Denom(tokens, token))), null, false, page.Limit, page.Cursor),
        row => grains.GetGrain<IStakeGrain>(row.Id.Parent).GetStakeAsync(caller.Identity));

    /// <summary>The caller's stake on a hotkey.</summary>
    public static async Task<IResult> StakeAsync(string token, string coldkey, string key, Caller caller, TokenCatalog tokens, IGrainFactory grains) =>
        Answer(await Stake(token, coldkey, key, tokens, grains).GetStakeAsync(caller.Identity));

    /// <summary>Stakes.</summary>
    public static async Task<IResult> AddAsync(string token, string coldkey, string key, AddStakeRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal ? Problems.From(refusal)
        : Answer(await Stake(token, coldkey, key, tokens, grains).AddAsync(caller.OperationId(context), new AddStake(caller.Identity, body.Amount)));

    /// <summary>Unstakes.</summary>
    public static async Task<IResult> RemoveAsync(string token, string coldkey, string key, RemoveStakeRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal ? Problems.From(refusal)
        : Answer(await Stake(token, coldkey, key, tokens, grains).RemoveAsync(caller.OperationId(context), new RemoveStake(caller.Identity, body.Amount)));

    /// <summary>Cancels exits.</summary>
    public static async Task<IResult> CancelAsync(string token, string coldkey, string key, CancelUnbondingRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal ? Problems.From(refusal)
        : Answer(await Stake(token, coldkey, key, tokens, grains).CancelUnbondingAsync(caller.OperationId(context), caller.Identity, body.Amount));

    /// <summary>Sets terms.</summary>
    public static async Task<IResult> TermsAsync(string token, string coldkey, string key, StakeTermsRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal ? Problems.From(refusal)
        : Answer(await Stake(token, coldkey, key, tokens, grains).SetTermsAsync(caller.OperationId(context), new SetStakeTerms(caller.Identity, body.IsDelegate, body.Take)));

    /// <summary>Moves.</summary>
    public static async Task<IResult> MoveAsync(string token, MoveStakeRequest body, Caller caller, HttpContext context, TokenCatalog tokens, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal ? Problems.From(refusal)
        : tokens.Find(token) is not { Staked: true } known ? Problems.From(NotStaked(token))
        : Answer(await grains.GetGrain<IStakerGrain>(StakeKeys.Of(known.Denom, caller.Identity)).MoveAsync(caller.OperationId(context), new MoveStake(caller.Identity, body.From, body.To, body.Amount)));

    /// <summary>Inflation.</summary>
    public static async Task<IResult> InflationAsync(string token, TokenCatalog tokens, IGrainFactory grains) => Answer(await grains.GetGrain<IInflationGrain>(Denom(tokens, token)).GetAsync());

    /// <summary>Epochs.</summary>
    public static Task<IResult> EpochsAsync(string token, PageQuery page, TokenCatalog tokens, IRowStore store) => RowLists.Async(
        store,
        new ListQuery(InflationEpochRow.Kind.Table.Kind, RowLists.Filters(("token", Denom(tokens, token))), "epoch", Descending: true, page.Limit, page.Cursor),
        static row => RowKind<InflationEpochRow>.Read(row).Epoch);

    private static async Task<IResult> ListAsync<T>(IRowStore store, ListQuery query, Func<StoredRow, Task<Result<T>>> show)
    {
        RowPage page;
        try
        {
            page = await store.ListAsync(query);
        }
        catch (InvalidCursorException)
        {
            return Problems.From(Refusal.Of(RequestError.CursorInvalid, "The cursor is not one this list gave."));
        }

        var shown = await Task.WhenAll(page.Rows.Select(show));
        return TypedResults.Ok(new Page<T>([.. shown.Where(static s => s.IsOk).Select(static s => s.Value!)], page.NextCursor));
    }

    private static IStakeGrain Stake(string token, string coldkey, string key, TokenCatalog tokens, IGrainFactory grains)
    {
        // Before a grain is made of it: a grain's key is somebody's memory.
        var hotkey = IdentityIds.Reference(coldkey, key);
        return StakeKeys.OwnerOf(hotkey) is null
            ? throw new RefusalException(Refusal.Of("staking.hotkey_invalid", "a hotkey is a key of an identity, id_…/key_…"))
            : tokens.Find(token) is { Staked: true } known ? grains.GetGrain<IStakeGrain>(StakeKeys.Of(known.Denom, hotkey)) : throw new RefusalException(NotStaked(token));
    }

    private static string Denom(TokenCatalog tokens, string token) => tokens.Find(token) is { Staked: true } known ? known.Denom : throw new RefusalException(NotStaked(token));

    private static Refusal NotStaked(string token) => Refusal.Of("staking.token_unknown", $"{(token.Length <= 32 ? token : token[..32])} cannot be staked here", ("token", token.Length <= 32 ? token : token[..32]));

    private static IResult Answer<T>(Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : Problems.From(result.Refusal);
}
