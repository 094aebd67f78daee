using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Domain.Oracle;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Oracle;

/// <summary>The single writer of prices.</summary>
[GrainType("depin.oracle")]
public sealed class OracleGrain(IRowStore store, TokenCatalog tokens, NetworkParameters parameters, NetworkClock clock, IOptions<OracleOptions> options) : Grain, IOracleGrain
{
    private const int FeedersMax = 64;
    private GrainRow<OracleState> _row = null!;

    private OracleState State => _row.Value ?? OracleState.Empty;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<OracleState>(store, OracleState.Kind, this.GetPrimaryKeyString(), DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<OracleView>> SetFeederAsync(string operationId, string feeder, bool registered, string by)
    {
        _row.ThrowIfLost();
        if (feeder.Length is 0 or > 100)
        {
            return Refusal.Of("oracle.feeder_invalid", "a feeder is an identity", ("feeder", feeder));
        }

        var print = Changes.Fingerprint(new { Command = "feeder", Feeder = feeder, Registered = registered, By = by });
        if (await _row.RememberedAsync<OracleView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (registered && !State.Feeders.Contains(feeder) && State.Feeders.Length >= FeedersMax)
        {
            return Refusal.Of("oracle.too_many_feeders", $"{FeedersMax} feeders are registered", ("max", FeedersMax));
        }

        var (next, changes) = (State, new Changes());
        if (State.Feeders.Contains(feeder) != registered)
        {
            next = registered
                ? State with { Feeders = [.. State.Feeders.Add(feeder).Order(StringComparer.Ordinal)] }
                : State with { Feeders = State.Feeders.Remove(feeder), Feeds = [.. State.Feeds.Select(f => f.Without(feeder))] };
            changes.Event("network", registered ? "oracle.feeder_added" : "oracle.feeder_removed", feeder, new { feeder, by });
        }

        // Remembered also when nothing changed: sent again late, it must not undo what came after it.
        Result<OracleView> answer = View(next, await parameters.NowAsync());
        return await _row.CommitAsync(next, changes.Remember(operationId, print, answer)) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public async Task<Result<PriceView>> PostAsync(string operationId, PostPrice command)
    {
        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<PriceView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (!State.Feeders.Contains(command.Feeder))
        {
            return Refusal.Of("oracle.feeder_not_allowed", $"{command.Feeder} is not one of the {State.Feeders.Length} registered feeders", ("feeder", command.Feeder), ("feeders", State.Feeders.Length));
        }

        if (tokens.Find(command.Token) is not { MintedFrom.Count: 0 } token)
        {
            return Refusal.Of("oracle.token_unknown", $"this network has no token {command.Token} with a price", ("token", command.Token));
        }

        if (!PriceFeed.TryParse(command.Usd, out var priceE8))
        {
            return PriceInvalid(command.Usd);
        }

        var values = await parameters.NowAsync();
        var now = clock.Now;
        var posted = State.Feed(token.Denom).Post(new FeederPrice(command.Feeder, priceE8, command.ObservedAt ?? now), OracleState.Rules(values), now);
        if (!posted.IsOk)
        {
            return posted.Refusal;
        }

        var next = State.With(posted.Value) with { Posts = State.Posts + 1 };
        var view = next.Price(token.Denom, options.Value, values);
        var row = new PriceRow(token.Denom, command.Feeder, PriceFeed.Format(priceE8), command.ObservedAt ?? now, now, view.Usd);
        var changes = new Changes()
            .With(PriceRow.Kind.Child(this.GetPrimaryKeyString(), PriceRow.KeyOf(next.Posts), row))
            .Event("network", "oracle.posted", token.Denom, row)
            .Remember<Result<PriceView>>(operationId, print, view);
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : view;
    }

    /// <inheritdoc/>
    public async Task<Result<PriceView>> ConfirmAsync(string operationId, string token, string usd, string by)
    {
        var print = Changes.Fingerprint(new { Command = "confirm", Token = token, Usd = usd, By = by });
        if (await _row.RememberedAsync<PriceView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (tokens.Find(token)?.Denom is not { } denom)
        {
            return Refusal.Of("oracle.token_unknown", $"this network has no token {token}", ("token", token));
        }

        if (!PriceFeed.TryParse(usd, out var priceE8))
        {
            return PriceInvalid(usd);
        }

        var values = await parameters.NowAsync();
        var confirmed = State.Feed(denom).Confirm(priceE8, OracleState.Rules(values), clock.Now);
        if (!confirmed.IsOk)
        {
            return confirmed.Refusal;
        }

        var next = State.With(confirmed.Value);
        Result<PriceView> answer = next.Price(denom, options.Value, values);
        var changes = new Changes().Event("network", "oracle.confirmed", denom, new { Token = denom, Usd = PriceFeed.Format(priceE8), by }).Remember(operationId, print, answer);
        return await _row.CommitAsync(next, changes) is { } refusal ? refusal : answer;
    }

    /// <inheritdoc/>
    public async Task<Result<PriceView>> GetPriceAsync(string token)
    {
        _row.ThrowIfLost();
        var price = State.Price(token, options.Value, await parameters.NowAsync());
        return price.Problem is { } problem ? problem : price;
    }

    /// <inheritdoc/>
    public async Task<OracleView> GetAsync()
    {
        _row.ThrowIfLost();
        return View(State, await parameters.NowAsync());
    }

    private OracleView View(OracleState state, ParameterValues values) =>
        new(state.Feeders, [.. tokens.All.Where(static t => t.MintedFrom.Count == 0).Select(t => state.Price(t.Denom, options.Value, values))]);

    private static Refusal PriceInvalid(string usd) =>
        Refusal.Of("oracle.price_invalid", $"a price is US dollars above 0 with at most 8 decimals, at most {PriceFeed.Format(PriceFeed.Max)}", ("usd", usd));
}
