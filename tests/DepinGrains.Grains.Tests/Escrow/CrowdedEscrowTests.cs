using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Grains.Tests.Deployments;

namespace DepinGrains.Grains.Tests.Escrow;

/// <summary>Anybody may pay into anybody's escrow and give anybody an allowance: neither keeps money in, nor its owner out.</summary>
public sealed class CrowdedEscrowTests(Market market) : IClassFixture<Market>
{
    private const long Least = 10_000;

    private readonly MarketRegion _r = market.NewRegion();

    [Fact]
    public async Task Who_pays_into_a_strangers_deployment_or_earns_by_it_sees_of_its_escrow_only_its_own_part()
    {
        var provider = await _r.LeasedAsync();
        await _r.MintAsync("id_stranger_" + _r.Name, Least);
        var stranger = (await _r.Deployment.DepositAsync(_r.NewOperation(), "id_stranger_" + _r.Name, Least)).Require();
        Assert.Equal(("id_stranger_" + _r.Name, Least), (Assert.Single(stranger.Deposits).Depositor, stranger.Deposits[0].Left));
        Assert.Empty(stranger.Payments);
        market.Time.Advance(TimeSpan.FromSeconds(60));
        var withdraw = _r.NewOperation();
        foreach (var seen in new[] { (await _r.Deployment.WithdrawAsync(withdraw, provider, 1)).Require(), (await _r.Deployment.WithdrawAsync(withdraw, provider, 1)).Require() })
        {
            Assert.Empty(seen.Deposits);
            Assert.Equal(provider, Assert.Single(seen.Payments).Payee);
        }

        await _r.MintAsync(_r.Tenant, Least);
        var owner = (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, Least)).Require();
        Assert.Equal(2, owner.Deposits.Select(static d => d.Depositor).Distinct().Count());
        Assert.Single(owner.Payments);
    }

    [Fact]
    public async Task A_payment_that_was_forgotten_for_newer_ones_is_closed_again_like_any_other()
    {
        await _r.MintAsync(_r.Tenant, 1_000_000, "uakt");
        (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uakt", 1_000_000)).Require();
        for (var i = 0; i < EscrowLimits.PaymentsMax + 2; i++)
        {
            (await _r.Escrow.OpenPaymentAsync($"lease/{i}", $"id_payee_{_r.Name}", "100")).Require();
            (await _r.Escrow.ClosePaymentAsync($"lease/{i}")).Require();
        }

        var known = (await _r.Escrow.ClosePaymentAsync("lease/200")).Require();
        Assert.DoesNotContain(known.Payments, static p => p.Id == "lease/0");
        Assert.Equivalent(known, (await _r.Escrow.ClosePaymentAsync("lease/0")).Require());
        Assert.Equal(EscrowStatus.Closed, (await _r.Escrow.CloseAsync()).Require().Status);
        Assert.Equal(1_000_000, await market.PostedAsync("uakt", LedgerAccounts.Wallet(_r.Tenant)));
    }

    [Fact]
    public async Task An_account_with_more_payers_and_payees_than_a_transfer_has_legs_closes_and_pays_them_all()
    {
        await _r.MintAsync(_r.Tenant, 1_000_000, "uakt");
        (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uakt", 1_000_000)).Require();
        for (var i = 0; i < EscrowLimits.SharedMax - 1; i++)
        {
            await _r.MintAsync(Someone(i), Least, "uakt");
            (await _r.Escrow.DepositAsync(_r.NewOperation(), Someone(i), Least)).Require();
        }

        for (var i = 0; i < 32; i++)
        {
            await GrantAsync(Friend(i), Least, Least);
            if (i % EscrowLimits.DrawsMax == EscrowLimits.DrawsMax - 1)
            {
                (await _r.Escrow.DepositAsync(_r.NewOperation(), _r.Tenant, EscrowLimits.DrawsMax * Least, DepositFrom.Grants)).Require();
            }
        }

        for (var i = 0; i < 20; i++)
        {
            (await _r.Escrow.OpenPaymentAsync($"lease/{i}", $"id_payee{i}_{_r.Name}", "100")).Require();
        }

        market.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(EscrowStatus.Closed, (await _r.Escrow.CloseAsync()).Require().Status);
        Assert.Equal(0, await market.PostedAsync("uakt", LedgerAccounts.Escrow(_r.Key)));
        Assert.Equal(980_000, await market.PostedAsync("uakt", LedgerAccounts.Wallet(_r.Tenant)));
        foreach (var payer in Enumerable.Range(0, EscrowLimits.SharedMax - 1).Select(Someone).Concat(Enumerable.Range(0, 32).Select(Friend)))
        {
            Assert.Equal(Least, await market.PostedAsync("uakt", LedgerAccounts.Wallet(payer)));
        }

        Assert.Equal(960, await market.PostedAsync("uakt", LedgerAccounts.Wallet($"id_payee19_{_r.Name}")));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public void A_transfer_too_large_for_the_ledger_becomes_several_that_sum_to_it()
    {
        var movements = Enumerable.Range(0, 130).Select(static i => new EscrowMovement(i, EscrowMovementKind.Refund, $"id_{i}", 10 + i, null, null)).ToImmutableArray();
        var whole = EscrowTransfers.ToTransfer("d/1", movements)!;
        var parts = EscrowTransfers.Split("d/1", whole);
        Assert.Equal([64, 64, 5], parts.Select(static p => p.Legs.Length));
        Assert.Equal(["escrow/d/1/0/0", "escrow/d/1/0/1", "escrow/d/1/0/2"], parts.Select(static p => p.Id));
        Assert.All(parts, static p => Assert.Equal(0, p.Legs.Sum(static l => l.Amount)));
        Assert.Equal(whole.Legs.Where(static l => l.Amount > 0), parts.SelectMany(static p => p.Legs).Where(static l => l.Amount > 0));
        Assert.Same(parts[0], Assert.Single(EscrowTransfers.Split("d/1", parts[0])));
        Assert.True(whole.Legs.Length > LedgerLimits.LegsMax);
    }

    [Fact]
    public async Task Strangers_who_pay_in_turns_fill_only_their_part_and_the_owner_still_pays_in()
    {
        await _r.DeployAsync(deposit: 500_000);
        await _r.MintAsync(Someone(0), 10_000_000);
        await _r.MintAsync(Someone(1), 10_000_000);
        var small = (await _r.Deployment.DepositAsync(_r.NewOperation(), Someone(0), Least - 1)).Refusal!;
        Assert.Equal("escrow.deposit_too_small", small.Code);
        Assert.Contains(small.Facts, static f => f is { Name: "minimum", Value: "10000" });
        var (taken, refused) = (0, (Refusal?)null);
        while (refused is null)
        {
            Assert.True(taken < 100);
            refused = (await _r.Deployment.DepositAsync(_r.NewOperation(), Someone(taken++ % 2), Least)).Refusal;
        }

        Assert.Equal("escrow.too_many_deposits", refused.Code);
        Assert.Contains(refused.Facts, static f => f is { Name: "max", Value: "32" });
        Assert.InRange((await _r.Escrow.GetAsync()).Require().Deposits.Length, 20, EscrowLimits.SharedMax);
        var before = (await _r.Escrow.GetAsync()).Require().Funds;
        for (var i = 0; i < 40; i++)
        {
            (await _r.Deployment.DepositAsync(_r.NewOperation(), _r.Tenant, 1)).Require();
            await _r.Deployment.DepositAsync(_r.NewOperation(), Someone(i % 2), Least);
        }

        var escrow = (await _r.Escrow.GetAsync()).Require();
        Assert.True(escrow.Funds >= before + 40);
        Assert.True(escrow.Deposits.Length <= EscrowLimits.DepositsMax);
        (await _r.Deployment.CloseAsync(_r.NewOperation(), _r.Tenant)).Require();
        Assert.Equal((MarketRegion.Purse, 10_000_000L), (await _r.WalletAsync(_r.Tenant), await _r.WalletAsync(Someone(1))));
    }

    [Fact]
    public async Task Allowances_that_are_past_or_have_no_money_behind_them_hide_none_that_has()
    {
        await _r.MintAsync(_r.Tenant, 1, "uakt");
        (await _r.Escrow.OpenAsync(_r.NewOperation(), _r.Tenant, "uakt", 1)).Require();
        for (var i = 0; i < 40; i++)
        {
            await GrantAsync($"id_past{i}_{_r.Name}", Least, Least, market.Time.GetUtcNow().AddSeconds(1));
            await GrantAsync($"id_broke{i}_{_r.Name}", Least, 0);
            await GrantAsync($"id_dust{i}_{_r.Name}", 1, 1);
        }

        market.Time.Advance(TimeSpan.FromMinutes(1));
        await GrantAsync(Friend(0), 500_000, 500_000);
        (await _r.Escrow.DepositAsync(_r.NewOperation(), _r.Tenant, 500_000, DepositFrom.Grants)).Require();
        Assert.Equal(500_001, (await _r.Escrow.GetAsync()).Require().Funds);
    }

    [Fact]
    public async Task Who_got_an_allowance_may_decline_it_and_a_grant_of_another_token_is_another_grant()
    {
        var id = await GrantAsync(Friend(0), Least, 0);
        var grain = market.Grains.GetGrain<IAllowanceGrain>(id);
        var again = new GrantAllowance("op-" + id, Friend(0), _r.Tenant, "AKT", Least, null);
        Assert.Equal(id, (await grain.GrantAsync(again)).Require().Id);
        Assert.Equal("request.id_reused", (await grain.GrantAsync(again with { Token = "uusdc" })).Refusal!.Code);
        Assert.Equal("allowance.not_owner", (await grain.RevokeAsync(_r.NewOperation(), Someone(0))).Refusal!.Code);
        Assert.True((await grain.RevokeAsync(_r.NewOperation(), _r.Tenant)).Require().Revoked);
    }

    private string Someone(int i) => string.Create(CultureInfo.InvariantCulture, $"id_someone{i}_{_r.Name}");

    private string Friend(int i) => string.Create(CultureInfo.InvariantCulture, $"id_friend{i}_{_r.Name}");

    private async Task<string> GrantAsync(string granter, long limit, long purse, DateTimeOffset? expiresAt = null)
    {
        if (purse > 0)
        {
            await _r.MintAsync(granter, purse, "uakt");
        }

        var id = granter + "/1";
        return (await market.Grains.GetGrain<IAllowanceGrain>(id).GrantAsync(new GrantAllowance("op-" + id, granter, _r.Tenant, "uakt", limit, expiresAt))).Require().Id;
    }
}
