using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;

namespace DepinGrains.Grains.Tests.Staking;

/// <summary>Cold and hot keys of one test's corner, and what is done with them.</summary>
internal sealed class Stakers(Market market, MarketRegion region, string token)
{
    public MarketRegion Region => region;

    public string Coldkey(string name) => IdentityIds.ForFirstKey(region.Name, name);

    public string Hotkey(string name) => IdentityIds.Reference(Coldkey(name), IdentityIds.ForKey(System.Text.Encoding.UTF8.GetBytes(region.Name + name)));

    public IStakeGrain Stake(string hotkey) => market.Grains.GetGrain<IStakeGrain>(StakeKeys.Of(token, Hotkey(hotkey)));

    public IStakerGrain Staker(string coldkey) => market.Grains.GetGrain<IStakerGrain>(StakeKeys.Of(token, Coldkey(coldkey)));

    public Task MintAsync(string name, long amount) => region.MintAsync(Coldkey(name), amount, token);

    public Task<long> WalletAsync(string name) => market.PostedAsync(token, LedgerAccounts.Wallet(Coldkey(name)));

    public Task<Contracts.Common.Result<StakeView>> AddAsync(string hotkey, string coldkey, long amount, string? operation = null) =>
        Stake(hotkey).AddAsync(operation ?? region.NewOperation(), new AddStake(Coldkey(coldkey), amount));

    public Task<Contracts.Common.Result<StakeView>> RemoveAsync(string hotkey, string coldkey, long amount, string? operation = null) =>
        Stake(hotkey).RemoveAsync(operation ?? region.NewOperation(), new RemoveStake(Coldkey(coldkey), amount));

    public async Task<long> StakeOfAsync(string hotkey, string coldkey) => (await Stake(hotkey).GetStakeAsync(Coldkey(coldkey))).Require().Stake;

    /// <summary>The owner stakes, and takes delegation.</summary>
    public async Task DelegateAsync(string owner, long amount, int? take = null)
    {
        await MintAsync(owner, amount);
        (await AddAsync(owner, owner, amount)).Require();
        (await Stake(owner).SetTermsAsync(region.NewOperation(), new SetStakeTerms(Coldkey(owner), true, take))).Require();
    }

    /// <summary>As an epoch of a subnet pays: from the terms and balances now.</summary>
    public async Task RewardAsync(string hotkey, long mining, long validating)
    {
        var terms = await Stake(hotkey).GetTermsAsync();
        var (own, pool) = (StakeAccounts.Own(Hotkey(hotkey)), StakeAccounts.Pool(Hotkey(hotkey)));
        var balances = (await market.LedgerOf(token).GetBalancesAsync([own, pool])).Require().Posted;
        var reward = StakeReward.Split(balances[0], balances[1], terms.Take, mining, validating, terms.HasDelegators);
        Leg[] legs = [new Leg(LedgerAccounts.Issuance, -(mining + validating)), new Leg(own, reward.Own), new Leg(pool, reward.Pool)];
        (await market.LedgerOf(token).ExecuteAsync(new Transfer("reward/" + region.NewOperation(), TransferKind.Post, [.. legs.Where(static l => l.Amount != 0)]))).Require();
    }
}
