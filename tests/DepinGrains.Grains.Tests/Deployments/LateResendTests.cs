using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Contracts.Pool;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>
/// One idempotency key, one command, for ever: sent again after something else has happened it does nothing and is answered as it was, and with another body it is refused. One row for each command
/// behind a POST of the market that changes what stands.
/// </summary>
public sealed class LateResendTests(Market market) : IClassFixture<Market>
{
    private static readonly AutoTopUp Rule = new(100, 300, 1, 250_000, 86_400, DepositFrom.Balance);

    private static readonly Dictionary<string, Command> Commands = new(StringComparer.Ordinal)
    {
        ["auto-top-up"] = new(static s => s.LeaseAsync(), static (s, op) => s.D.SetAutoTopUpAsync(op, s.Tenant, Rule), static s => s.D.SetAutoTopUpAsync(s.New, s.Tenant, null), static (s, op) => s.D.SetAutoTopUpAsync(op, s.Tenant, Rule with { ToBlocks = 301 }), State: static s => s.D.GetAutoTopUpAsync()),
        ["auto-top-up off"] = new(static s => s.LeaseAsync(), static (s, op) => s.D.SetAutoTopUpAsync(op, s.Tenant, null), static s => s.D.SetAutoTopUpAsync(s.New, s.Tenant, Rule), static (s, op) => s.D.SetAutoTopUpAsync(op, s.Tenant, Rule), State: static s => s.D.GetAutoTopUpAsync()),
        ["accept"] = new(static s => s.BidAsync(), static (s, op) => s.D.AcceptBidAsync(op, s.Tenant, 1, 1, s.P), static s => s.AgainAsync(), static (s, op) => s.D.AcceptBidAsync(op, s.Tenant, 1, 1, "id_other")),
        ["bid"] = new(static s => s.OrderAsync(), static (s, op) => s.D.BidAsync(op, MarketRegion.Bid(s.P)), static s => s.D.CloseBidAsync(s.New, s.P, 1, 1, 10_002), static (s, op) => s.D.BidAsync(op, MarketRegion.Bid(s.P, "800"))),
        ["close bid"] = new(static s => s.BidAsync(), static (s, op) => s.D.CloseBidAsync(op, s.P, 1, 1, 10_002), static s => s.D.BidAsync(s.New, MarketRegion.Bid(s.P)), static (s, op) => s.D.CloseBidAsync(op, s.P, 1, 1, 10_001)),
        ["close lease"] = new(static s => s.LeaseAsync(), static (s, op) => s.D.CloseLeaseAsync(op, s.Tenant, 1), static s => s.AgainAsync(2, false), static (s, op) => s.D.CloseLeaseAsync(op, s.Tenant, 1, 2)),
        ["group"] = new(static s => s.OrderAsync(), static (s, op) => s.D.ChangeGroupAsync(op, s.Tenant, 1, GroupAction.Pause), static s => s.D.ChangeGroupAsync(s.New, s.Tenant, 1, GroupAction.Start), static (s, op) => s.D.ChangeGroupAsync(op, s.Tenant, 1, GroupAction.Close)),
        ["update"] = new(static s => s.LeaseAsync(), static (s, op) => s.D.UpdateAsync(op, s.Tenant, s.R.Sdl(image: "nginx:2")), static s => s.D.UpdateAsync(s.New, s.Tenant, s.R.Sdl(image: "nginx:3")), static (s, op) => s.D.UpdateAsync(op, s.Tenant, s.R.Sdl(image: "nginx:4"))),
        ["deposit"] = new(static s => s.OrderAsync(), static (s, op) => s.D.DepositAsync(op, s.Tenant, 1_000), static s => s.D.DepositAsync(s.New, s.Tenant, 1), static (s, op) => s.D.DepositAsync(op, s.Tenant, 1_001), State: static s => s.R.Escrow.GetAsync()),
        ["withdraw"] = new(static s => s.EarnAsync(), static (s, op) => s.D.WithdrawAsync(op, s.P, 1), static s => s.D.WithdrawAsync(s.New, s.P, 1), static (s, op) => s.D.WithdrawAsync(op, s.P, 2), Exact: true, State: static s => s.WalletAsync(s.P)),
        ["reclaim"] = new(static s => s.ReclaimableAsync(), static (s, op) => s.D.StartReclaimAsync(op, s.P, 1), static s => s.D.CloseLeaseAsync(s.New, s.Tenant, 1), static (s, op) => s.D.StartReclaimAsync(op, s.P, 2)),
        ["close"] = new(static s => s.OrderAsync(), static (s, op) => s.D.CloseAsync(op, s.Tenant), static s => s.D.CloseAsync(s.New, s.Tenant, 2), static (s, op) => s.D.CloseAsync(op, s.Tenant, 3)),
        ["put provider"] = new(static s => s.SellAsync(), static (s, op) => s.Seller.PutAsync(op, Profile("a")), static s => s.Seller.PutAsync(s.New, Profile("b")), static (s, op) => s.Seller.PutAsync(op, Profile("c")), Exact: true, State: static s => s.Seller.GetAsync()),
        ["maintenance"] = new(static s => s.SellAsync(), static (s, op) => s.Seller.SetMaintenanceAsync(op, true), static s => s.Seller.SetMaintenanceAsync(s.New, false), static (s, op) => s.Seller.SetMaintenanceAsync(op, false), Exact: true, State: static s => s.Seller.GetAsync()),
        ["delete provider"] = new(static s => s.SellAsync(), static (s, op) => s.Seller.DeleteAsync(op), static s => s.Seller.PutAsync(s.New, Profile("again")), null, Exact: true, State: static s => s.Seller.GetAsync()),
        ["feeder"] = new(static s => Task.CompletedTask, static (s, op) => s.Oracle.SetFeederAsync(op, s.P, true, "op"), static s => s.Oracle.SetFeederAsync(s.New, s.P, false, "op"), static (s, op) => s.Oracle.SetFeederAsync(op, s.P, false, "op"), Exact: true, State: static s => s.Oracle.GetAsync()),
        ["post price"] = new(static s => s.FeedAsync(), static (s, op) => s.Oracle.PostAsync(op, new PostPrice("uakt", s.P, "2", null)), static s => s.PostAsync("2.1"), static (s, op) => s.Oracle.PostAsync(op, new PostPrice("uakt", s.P, "3", null)), Exact: true, State: static s => s.Oracle.GetAsync()),
        ["confirm price"] = new(static s => s.MovedAsync("20"), static (s, op) => s.Oracle.ConfirmAsync(op, "uakt", "20", "op"), static s => s.MovedAsync("90"), static (s, op) => s.Oracle.ConfirmAsync(op, "uakt", "90", "op"), Exact: true, State: static s => s.Oracle.GetAsync()),
        ["grant"] = new(static s => Task.CompletedTask, static (s, op) => s.Grant.GrantAsync(s.Given(op, "uact")), static s => s.Grant.RevokeAsync(s.New, s.P), static (s, op) => s.Grant.GrantAsync(s.Given(op, "uakt")), State: static s => s.Grant.GetAsync()),
        ["revoke"] = new(static s => s.Grant.GrantAsync(s.Given("given", "uact")), static (s, op) => s.Grant.RevokeAsync(op, s.P), static s => s.Grant.RestoreAsync("back", 1), null, Exact: true, State: static s => s.Grant.GetAsync()),
        ["cancel proposal"] = new(static s => s.Proposal.ProposeAsync("op", s.Body), static (s, op) => s.Proposal.CancelAsync(op, "op"), static s => Task.CompletedTask, static (s, op) => s.Proposal.CancelAsync(op, "op2"), Exact: true, State: static s => s.Proposal.GetAsync()),
    };

    public static TheoryData<string> Names => [.. Commands.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Sent_again_late_a_command_does_nothing_and_another_body_under_its_key_is_refused(string name)
    {
        var (command, scene) = (Commands[name], new Scene(market, market.NewRegion()));
        await command.Before(scene);
        var operation = scene.New;
        var first = await AnswerAsync(command.Act(scene, operation));
        Assert.DoesNotContain("\"refusal\":", first, StringComparison.Ordinal);
        market.Time.Advance(TimeSpan.FromSeconds(6));
        await command.Meanwhile(scene);
        var before = await AnswerAsync(command.State(scene));
        var again = await AnswerAsync(command.Act(scene, operation));
        Assert.DoesNotContain("\"refusal\":", again, StringComparison.Ordinal);
        if (command.Exact)
        {
            Assert.Equal(first, again);
        }

        Assert.Equal(before, await AnswerAsync(command.State(scene)));
        if (command.Other is { } other)
        {
            Assert.Contains("request.id_reused", await AnswerAsync(other(scene, operation)), StringComparison.Ordinal);
            Assert.Equal(before, await AnswerAsync(command.State(scene)));
        }
    }

    private static ProviderProfile Profile(string name) => new(name, [], null, "");

    /// <summary>Versions count the commits that only remember answers.</summary>
    private static async Task<string> AnswerAsync(Task answer)
    {
        await answer;
        var text = RowJson.Text((object)((dynamic)answer).Result);
        return System.Text.RegularExpressions.Regex.Replace(text, "\"version\":[0-9]+", "");
    }

    /// <param name="Exact">The first answer is given again word for word; else the deployment is shown as it stands, and its sagas move on.</param>
    private sealed record Command(Func<Scene, Task> Before, Func<Scene, string, Task> Act, Func<Scene, Task> Meanwhile, Func<Scene, string, Task>? Other, bool Exact = false, Func<Scene, Task>? State = null)
    {
        public Func<Scene, Task> State { get; } = State ?? (static s => s.D.GetAsync());
    }

    private sealed class Scene(Market market, MarketRegion region)
    {
        public MarketRegion R { get; } = region;

        public IDeploymentGrain D => R.Deployment;

        public string Tenant => R.Tenant;

        public string P => R.Provider("p");

        public string New => R.NewOperation();

        public IProviderGrain Seller => market.Grains.GetGrain<IProviderGrain>(P);

        public IOracleGrain Oracle => market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);

        public IAllowanceGrain Grant => market.Grains.GetGrain<IAllowanceGrain>(P + "/1");

        public IProposalGrain Proposal => market.Grains.GetGrain<IProposalGrain>("late-" + R.Name);

        public ProposalBody Body => new(ProposalKind.Fund, "late", "uakt", 5, P);

        public GrantAllowance Given(string operation, string token) => new(operation, P, Tenant, token, 1_000, null);

        public Task<long> WalletAsync(string identity) => R.WalletAsync(identity);

        public Task<string> SellAsync() => R.AddProviderAsync("p", null);

        public async Task OrderAsync()
        {
            await SellAsync();
            await R.DeployAsync(winner: WinnerRule.Pick);
        }

        public async Task BidAsync()
        {
            await OrderAsync();
            (await D.BidAsync(New, MarketRegion.Bid(P))).Require();
        }

        public async Task LeaseAsync()
        {
            await BidAsync();
            (await D.AcceptBidAsync(New, Tenant, 1, 1, P)).Require();
        }

        /// <summary>The lease is closed, and a new bid made (and taken).</summary>
        public async Task AgainAsync(int oseq = 2, bool close = true)
        {
            if (close)
            {
                (await D.CloseLeaseAsync(New, Tenant, 1)).Require();
            }

            (await D.BidAsync(New, MarketRegion.Bid(P, oseq: oseq))).Require();
            (await D.AcceptBidAsync(New, Tenant, 1, oseq, P)).Require();
        }

        public async Task EarnAsync()
        {
            await LeaseAsync();
            market.Time.Advance(TimeSpan.FromSeconds(60));
        }

        public async Task ReclaimableAsync()
        {
            await SellAsync();
            await R.DeployAsync(R.SdlAt(null, reclaim: "1h"), winner: WinnerRule.Pick);
            (await D.BidAsync(New, MarketRegion.Bid(P) with { ReclaimWindowSeconds = 3_600 })).Require();
            (await D.AcceptBidAsync(New, Tenant, 1, 1, P)).Require();
        }

        public async Task FeedAsync()
        {
            // Feeders of other rows would have their say in the median.
            foreach (var feeder in (await Oracle.GetAsync()).Feeders)
            {
                (await Oracle.SetFeederAsync(New, feeder, false, "op")).Require();
            }

            (await Oracle.SetFeederAsync(New, P, true, "op")).Require();
        }

        public async Task PostAsync(string usd)
        {
            market.Time.Advance(TimeSpan.FromSeconds(1));
            (await Oracle.PostAsync(New, new PostPrice("uakt", P, usd, null))).Require();
        }

        public async Task MovedAsync(string usd)
        {
            await FeedAsync();
            await PostAsync(usd);
        }
    }
}
