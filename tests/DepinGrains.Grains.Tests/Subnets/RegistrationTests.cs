using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Registration: what it costs, who may, whom it replaces, once whatever is lost.</summary>
public sealed class RegistrationTests(Market market) : IClassFixture<Market>
{
    private const long Tao = SubnetField.Tao;

    [Fact]
    public async Task The_price_is_recycled_and_the_same_request_registers_once()
    {
        var subnet = await SubnetField.OpenAsync(market, "recycle");
        await subnet.MintAsync("miner", 5 * Tao);
        var emission = market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao);
        await emission.TickAsync();
        var issuance = await subnet.IssuanceAsync();
        var command = new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner"));
        var done = (await subnet.Grain.RegisterAsync("once", command)).Require();
        Assert.Equal(done, (await subnet.Grain.RegisterAsync("once", command)).Require());
        Assert.Equal((0, Tao, null), (done.Uid, done.Price, done.Replaced));
        Assert.Equal(4 * Tao, await subnet.WalletAsync("miner"));
        Assert.Equal(issuance - Tao, await subnet.IssuanceAsync());
        Assert.Equal((Tao, 1), ((await subnet.ViewAsync()).Recycled, (await subnet.ViewAsync()).Uids));
        Assert.Equal("request.id_reused", (await subnet.Grain.RegisterAsync("once", command with { MaxPrice = 7 })).Refusal!.Code);
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Each_refusal_has_its_rule_and_its_numbers_and_costs_nothing()
    {
        var subnet = await SubnetField.OpenAsync(market, "refusals");
        await subnet.RegisterAsync("first");
        await subnet.MintAsync("second", 3 * Tao);
        await RefusedAsync("registration.already_registered", subnet.TryRegisterAsync("first"));
        await RefusedAsync("registration.not_enough_balance", subnet.TryRegisterAsync("poor"));
        await RefusedAsync("registration.not_owner", subnet.Grain.RegisterAsync("f", new RegisterNeuron(subnet.Coldkey("second"), subnet.Hotkey("poor"))));
        await RefusedAsync("registration.hotkey_invalid", subnet.Grain.RegisterAsync("g", new RegisterNeuron(subnet.Coldkey("second"), "id_x/key_y")));
        var moved = (await subnet.TryRegisterAsync("second", Tao / 2)).Refusal!;
        Assert.Equal("registration.price_moved", moved.Code);
        Assert.Contains("--max-price", moved.Detail, StringComparison.Ordinal);
        Assert.Contains(moved.Facts, f => f.Name == "price" && f.Value == "1000000000");
        await subnet.SetAsync("max_regs_per_block", "1");
        await RefusedAsync("registration.block_cap", subnet.TryRegisterAsync("second"));
        await subnet.SetAsync("max_regs_per_block", "9");
        await subnet.SetAsync("target_regs_per_interval", "1");
        await subnet.RegisterAsync("a");
        await subnet.RegisterAsync("b");
        await RefusedAsync("registration.interval_cap", subnet.TryRegisterAsync("second"));
        await subnet.SetAsync("registration_allowed", "false");
        await RefusedAsync("registration.disabled", subnet.TryRegisterAsync("second"));
        Assert.Equal(3 * Tao, await subnet.WalletAsync("second"));
        Assert.Equal("subnet.not_found", (await market.Grains.GetGrain<ISubnetGrain>(60_000).QuoteAsync()).Refusal!.Code);

        static async Task RefusedAsync(string code, Task<Contracts.Common.Result<NeuronRegistered>> asked) => Assert.Equal(code, (await asked).Refusal!.Code);
    }

    [Fact]
    public async Task The_continuous_price_rises_at_once_and_halves_in_its_time()
    {
        var subnet = await SubnetField.OpenAsync(market, "continuous", ("pricing", "continuous"));
        await subnet.RegisterAsync("a");
        Assert.Equal(1_260_000_000, (await subnet.Grain.QuoteAsync()).Require().Price);
        subnet.Blocks(360);
        Assert.InRange((await subnet.Grain.QuoteAsync()).Require().Price, 629_990_000, 630_000_000);
    }

    [Fact]
    public async Task A_full_subnet_replaces_the_weakest_out_of_immunity_and_clears_what_was_its()
    {
        var subnet = await SubnetField.OpenAsync(market, "full", ("max_allowed_uids", "2"), ("immunity_period", "10"), ("serving_rate_limit", "0"));
        await subnet.RegisterAsync("old");
        (await subnet.Grain.ServeAxonAsync("axon", new ServeAxon(subnet.Coldkey("old"), subnet.Hotkey("old"), "https://miner.example/v1", null, ["m"], 1))).Require();
        subnet.Blocks(5);
        await subnet.RegisterAsync("young");
        subnet.Blocks(5);
        await subnet.MintAsync("new", 10 * Tao);
        Assert.True((await subnet.Grain.QuoteAsync()).Require().Full);
        var done = (await subnet.TryRegisterAsync("new")).Require();
        Assert.Equal((0, subnet.Hotkey("old")), (done.Uid, done.Replaced));
        Assert.Equal("subnet.not_registered", (await subnet.Grain.FindNeuronAsync(subnet.Hotkey("old"))).Refusal!.Code);
        Assert.Null((await subnet.Grain.GetNeuronAsync(0)).Require().Axon);
        Assert.Empty((await subnet.Grain.GetServersAsync(-1)).Value!.Servers);
        var again = (await subnet.TryRegisterAsync("old", null)).Require();
        Assert.True(again.Price > 0 && again.Replaced == subnet.Hotkey("young"));
    }

    [Fact]
    public async Task Nobody_who_may_not_go_makes_room()
    {
        var subnet = await SubnetField.OpenAsync(market, "immortal", ("max_allowed_uids", "1"), ("pruning", "since_2025"), ("immunity_period", "0"));
        await subnet.RegisterAsync("owner");
        await subnet.MintAsync("new", 10 * Tao);
        Assert.Equal("registration.no_room", (await subnet.TryRegisterAsync("new")).Refusal!.Code);
        Assert.Equal(10 * Tao, await subnet.WalletAsync("new"));
    }

    /// <summary>Every commit of a registration is lost once, in rows and in the journal: the uid is there once and paid once.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_a_registration_is_paid_and_made_once(StoreFault fault)
    {
        for (var lost = 1; ; lost++)
        {
            var subnet = await SubnetField.OpenAsync(market, $"lost-{fault}-{lost}");
            await subnet.MintAsync("miner", 5 * Tao);
            var seen = 0;
            market.Store.Fault = point => point.Call is StoreCall.Commit or StoreCall.Append && Interlocked.Increment(ref seen) == lost ? fault : StoreFault.None;
            try
            {
                await MarketRegion.AgainAsync(async () => (await subnet.Grain.RegisterAsync("r", new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner")))).Require());
            }
            finally
            {
                market.Store.Fault = null;
            }

            await MarketRegion.AgainAsync(async () => Assert.Equal((4 * Tao, 1, Tao), (await subnet.WalletAsync("miner"), (await subnet.ViewAsync()).Uids, (await subnet.ViewAsync()).Recycled)));
            if (seen < lost)
            {
                Assert.InRange(lost, 4, 12);
                break;
            }
        }

        await market.AssertBooksCleanAsync();
    }
}
