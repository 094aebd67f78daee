using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>Operators bring money into being: once per request, within the day's cap, on the record, whatever breaks on the way.</summary>
public sealed class IssuanceTests : IAsyncLifetime
{
    private const string To = "id_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private readonly Market _market = new();

    public ValueTask InitializeAsync() => _market.InitializeAsync();

    public ValueTask DisposeAsync() => _market.DisposeAsync();

    [Fact]
    public async Task AnIssue_HasOneEffect_ARecordAndAnEvent()
    {
        var first = (await Grain("uakt").MintAsync("op-1", Mint(600))).Require();
        Assert.Equal(first, (await Grain("uakt").MintAsync("op-1", Mint(600))).Require());
        Assert.Equal("request.id_reused", (await Grain("uakt").MintAsync("op-1", Mint(601))).Refusal!.Code);
        Assert.Equal((600L, 1L), (await PostedAsync("uakt"), first.Ordinal));
        var row = Assert.Single((await _market.Store.ListAsync(new ListQuery(IssuedRow.Kind.Table.Kind, [new("token", Comparison.Equal, "uakt")], "at_ms", true, 10, null))).Rows);
        Assert.Equal(first, RowKind<IssuedRow>.Read(row).Issuance);
        Assert.Single((await _market.Store.ReadAsync(0, "network", 100)).Events, static e => e.Type == "ledger.issued");
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task TheDaysCap_HoldsOverRequestsAndRestarts_AndEndsWithTheDay()
    {
        (await Grain("uakt").MintAsync("op-1", Mint(600))).Require();
        var refused = (await Grain("uakt").MintAsync("op-2", Mint(401))).Refusal!;
        Assert.Equal("issuance.day_max", refused.Code);
        await _market.RestartAsync();
        Assert.Equal("issuance.day_max", (await Grain("uakt").MintAsync("op-3", Mint(401))).Refusal!.Code);
        (await Grain("uakt").MintAsync("op-4", Mint(400))).Require();
        _market.Time.Advance(TimeSpan.FromDays(1));
        (await Grain("uakt").MintAsync("op-5", Mint(1_000))).Require();
        Assert.Equal(2_000, await PostedAsync("uakt"));
    }

    [Theory]
    [InlineData("uusdc", To, 1, "a reason", "issuance.not_allowed")]
    [InlineData("uact", To, 1, "a reason", "issuance.not_allowed")]
    [InlineData("unone", To, 1, "a reason", "issuance.not_allowed")]
    [InlineData("uakt", "somebody", 1, "a reason", "issuance.recipient_invalid")]
    [InlineData("uakt", To, 0, "a reason", "issuance.amount_invalid")]
    [InlineData("uakt", To, -5, "a reason", "issuance.amount_invalid")]
    [InlineData("uakt", To, long.MaxValue, "a reason", "issuance.day_max")]
    [InlineData("uakt", To, 1, "  a ", "issuance.reason_invalid")]
    public async Task WhatMayNotBe_IsRefused_AndMovesNothing(string token, string to, long amount, string reason, string code)
    {
        Assert.Equal(code, (await Grain(token).MintAsync("op", new MintMoney(to, amount, reason, "id_operator"))).Refusal!.Code);
        Assert.Null(await _market.Store.ReadAsync(RowId.Root(IssuanceState.Kind.Table.Kind, token)));
    }

    /// <summary>The process dies after the money has moved and before anybody knows: the same request finds it, and so does the sweep; never twice.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACutBetweenTransferAndRecord_IsFinishedOnce(bool bySweep)
    {
        var commits = 0;
        _market.Store.Fault = point => point.Call == StoreCall.Commit && point.Subject == "uakt" && Interlocked.Increment(ref commits) == 2 ? StoreFault.FailBefore : StoreFault.None;
        await Assert.ThrowsAnyAsync<Exception>(() => Grain("uakt").MintAsync("op-1", Mint(600)));
        _market.Store.Fault = null;
        Assert.Equal(600, await PostedAsync("uakt"));
        if (bySweep)
        {
            await _market.SweepAsync();
            var row = await _market.Store.ReadAsync(RowId.Root(IssuanceState.Kind.Table.Kind, "uakt"));
            Assert.Null(RowKind<IssuanceState>.Read(row!).Intent);
        }

        Assert.Equal(1, (await MarketRegion.AgainAsync(() => Grain("uakt").MintAsync("op-1", Mint(600)))).Require().Ordinal);
        Assert.Equal(600, await PostedAsync("uakt"));
        Assert.Single((await _market.Store.ReadAsync(0, "network", 100)).Events, static e => e.Type == "ledger.issued");
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task APausedMarket_RefusesNewDeployments_AndLetsTheOthersGoOn()
    {
        var region = _market.NewRegion();
        await region.LeasedAsync();
        var parameters = _market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network);
        (await parameters.SetAsync("pause", new SetParameter("market.paused", 1, null, "id_operator"))).Require();
        _market.Time.Advance(TimeSpan.FromSeconds(6));
        var late = await region.Other(2).CreateAsync(new(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, Contracts.Deployments.WinnerRule.Lowest));
        Assert.Equal("market.paused", late.Refusal!.Code);
        Assert.Equal(Contracts.Leases.LeaseStatus.Active, (await region.LeaseAsync()).Status);
        Assert.True((await region.Deployment.DepositAsync(region.NewOperation(), region.Tenant, 1_000)).IsOk);

        (await parameters.SetAsync("resume", new SetParameter("market.paused", 0, null, "id_operator"))).Require();
        _market.Time.Advance(TimeSpan.FromSeconds(6));
        (await region.Other(2).CreateAsync(new(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, Contracts.Deployments.WinnerRule.Lowest))).Require();
    }

    private IIssuanceGrain Grain(string token) => _market.Grains.GetGrain<IIssuanceGrain>(token);

    private static MintMoney Mint(long amount) => new(To, amount, "opening of the network", "id_operator");

    private async Task<long> PostedAsync(string token) => await _market.PostedAsync(token, LedgerAccounts.Wallet(To));
}
