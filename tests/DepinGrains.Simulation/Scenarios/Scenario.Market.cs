using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Leases;

namespace DepinGrains.Simulation.Scenarios;

/// <content>Commands to deployments and leases.</content>
internal sealed partial class Scenario
{
    private const int DeploymentsMax = 5;
    private const long BidDeposit = 500_000;
    private int _dseq;

    private KnownDeployment? AnyDeployment() => _model.Deployments.Count == 0 ? null : _rng.Pick(_model.Deployments);

    private Task CreateAsync() => CreateAsync(_rng.Below(Sdls.Count));

    /// <summary>Two at once that want the same host name.</summary>
    private Task RivalsAsync() => Task.WhenAll(CreateAsync(Sdls.WithSite), CreateAsync(Sdls.WithSite));

    private async Task CreateAsync(int variant)
    {
        if (_model.Deployments.Count >= DeploymentsMax)
        {
            await BidAsync();
            return;
        }

        var price = _rng.Pick([300L, 3_000L, 20_000L, 60_000L]);
        var deployment = new KnownDeployment(_rng.Pick(Tenants), (++_dseq).ToString(CultureInfo.InvariantCulture), variant, price);
        _model.Deployments.Add(deployment);
        var deposit = _rng.OneIn(10) ? 100_000 : _rng.Between(500_000, 3_000_000);
        var command = new CreateDeployment(_caller.NewId(), deployment.Owner, Sdls.Of(variant, price, 1), deposit, _rng.OneIn(3) ? WinnerRule.Pick : WinnerRule.Lowest);
        var began = _caller.Mark;
        var answer = await _caller.AskAsync($"create {deployment.Id}", () => Deployment(deployment.Id).CreateAsync(command), (first, again) =>
        {
            // A refusal leaves nothing, so the same request sent again later is judged anew.
            if (!first.IsOk)
            {
                Created(again);
            }
        });
        Created(answer);

        void Created(Result<DeploymentView> created)
        {
            if (created.IsOk)
            {
                Shown(deployment, created.Value);
                if (deployment.Created != true)
                {
                    deployment.Deposit(deployment.Owner, deposit);
                    deployment.Manifest.Set(began, _caller.Mark, created.Value.ManifestHash);
                }
            }

            deployment.Created |= created.IsOk;
        }
    }

    private async Task BidAsync()
    {
        if (AnyDeployment() is not { } deployment)
        {
            return;
        }

        var provider = _rng.Pick(Sellers);
        var groups = deployment.View?.Groups.Length ?? 1;
        var gseq = _rng.Below(groups) + 1;
        var oseq = deployment.View is { } view && !_rng.OneIn(8) ? view.Groups[gseq - 1].Order.Oseq : 1;
        // Now and then above the ceiling, too small a deposit, the wrong money, or without the notice the tenant wants.
        var most = deployment.Price * (deployment.Variant == 1 ? 3 : 1);
        var price = (_rng.OneIn(8) ? most + 1 : _rng.Between(1, most)).ToString(CultureInfo.InvariantCulture) + (_rng.OneIn(3) ? ".25" : "");
        var bid = new SubmitBid(provider, gseq, oseq, price, _rng.OneIn(20) ? "uakt" : Denom, _rng.OneIn(20) ? 1 : BidDeposit, deployment.Variant == 5 && !_rng.OneIn(4) ? Sdls.ReclaimSeconds : 0);
        var id = _caller.NewId();
        var answer = await _caller.AskAsync($"bid {deployment.Id} {provider} {gseq}/{oseq} {price}", () => Deployment(deployment.Id).BidAsync(id, bid), static (_, _) => { });
        if (answer.IsOk)
        {
            deployment.Bids.Add((gseq, oseq, provider, answer.Value.Price));
        }

        await LookAgainAsync(deployment);
    }

    private async Task CloseBidAsync()
    {
        if (AnyDeployment() is { } deployment)
        {
            var (provider, gseq, oseq) = deployment.Bids.Count > 0 ? Of(_rng.Pick(deployment.Bids)) : (_rng.Pick(Sellers), 1, 1);
            if (deployment.View is { } view && view.Groups.FirstOrDefault(static g => g.Order.LeaseId is not null) is { } leased && _rng.OneIn(3))
            {
                (provider, gseq, oseq) = (leased.Order.LeaseId!.Split('/')[^1], leased.Gseq, leased.Order.Oseq);
            }

            var id = _caller.NewId();
            var reason = _rng.OneIn(10) ? LeaseCloseReasons.Owner : LeaseCloseReasons.Decommission;
            await AskAsync("closeBid", deployment, () => Deployment(deployment.Id).CloseBidAsync(id, provider, gseq, oseq, reason));
        }

        static (string, int, int) Of((int Gseq, int Oseq, string Provider, string Price) bid) => (bid.Provider, bid.Gseq, bid.Oseq);
    }

    private async Task AcceptAsync()
    {
        if (AnyDeployment() is not { View: not null } deployment)
        {
            return;
        }

        await LookAgainAsync(deployment);
        var group = _rng.Pick(deployment.View!.Groups);
        if (group.Order.Bids.FirstOrDefault(static b => b.Status == BidStatus.Open) is { } bid)
        {
            var id = _caller.NewId();
            var caller = _rng.OneIn(10) ? _rng.Pick(Tenants) : deployment.Owner;
            await AskAsync("accept", deployment, () => Deployment(deployment.Id).AcceptBidAsync(id, caller, group.Gseq, group.Order.Oseq, bid.Provider));
        }
    }

    private async Task CloseLeaseAsync()
    {
        if (AnyDeployment() is { View: { } view } deployment)
        {
            var (id, gseq) = (_caller.NewId(), _rng.Pick(view.Groups).Gseq);
            await AskAsync("closeLease", deployment, () => Deployment(deployment.Id).CloseLeaseAsync(id, deployment.Owner, gseq));
        }
    }

    private async Task CloseAsync()
    {
        if (AnyDeployment() is { } deployment && _rng.OneIn(2))
        {
            await CloseAsync(deployment);
        }
    }

    private async Task CloseAsync(KnownDeployment deployment)
    {
        var id = _caller.NewId();
        var answer = await AskAsync("close", deployment, () => Deployment(deployment.Id).CloseAsync(id, deployment.Owner));
        deployment.Closed |= answer.IsOk;
    }

    private async Task ChangeGroupAsync()
    {
        if (AnyDeployment() is { View: { } view } deployment)
        {
            var (id, gseq) = (_caller.NewId(), _rng.Pick(view.Groups).Gseq);
            var action = _rng.Below(9) switch { < 4 => GroupAction.Pause, < 8 => GroupAction.Start, _ => GroupAction.Close };
            await AskAsync("group" + action, deployment, () => Deployment(deployment.Id).ChangeGroupAsync(id, deployment.Owner, gseq, action));
        }
    }

    private async Task UpdateAsync()
    {
        if (AnyDeployment() is { } deployment)
        {
            var id = _caller.NewId();
            // One in ten asks for what may not be changed.
            var sdl = Sdls.Of(deployment.Variant, _rng.OneIn(10) ? deployment.Price + 1 : deployment.Price, 1 + _rng.Below(5));
            var began = _caller.Mark;
            var updated = false;
            Updated(await AskAsync("update", deployment, () => Deployment(deployment.Id).UpdateAsync(id, deployment.Owner, sdl), Updated));

            void Updated(Result<DeploymentView> answer)
            {
                if (answer.IsOk && !updated)
                {
                    updated = true;
                    deployment.Manifest.Set(began, _caller.Mark, HashOf(sdl));
                }
            }
        }
    }

    private static string HashOf(string sdl) => Domain.Deployments.Sdl.SdlParser.Parse(sdl).Require().ManifestHashHex;

    private async Task DepositAsync()
    {
        if (AnyDeployment() is { } deployment)
        {
            var (id, amount) = (_caller.NewId(), _rng.Between(1, 900_000));
            var depositor = _rng.OneIn(4) ? _rng.Pick(Everybody) : deployment.Owner;
            var counted = false;
            var answer = await _caller.AskAsync($"deposit {deployment.Id} {depositor} {amount}", () => Deployment(deployment.Id).DepositAsync(id, depositor, amount), (first, again) =>
            {
                // A refusal leaves nothing: sent again after the deployment has come into being, it is judged anew.
                if (!first.IsOk)
                {
                    Taken(again);
                }
            });
            Taken(answer);

            void Taken<T>(Result<T> taken)
            {
                if (taken.IsOk && !counted)
                {
                    counted = true;
                    deployment.Deposit(depositor, amount);
                }
            }
        }
    }

    private async Task WithdrawAsync()
    {
        if (AnyDeployment() is { View: { } view } deployment && view.Groups.FirstOrDefault(static g => g.Order.LeaseId is not null) is { } group)
        {
            var (id, lease) = (_caller.NewId(), group.Order.LeaseId!);
            var provider = lease.Split('/')[^1];
            var answer = await _caller.AskAsync($"withdraw {lease}", () => Deployment(deployment.Id).WithdrawAsync(id, provider, group.Gseq), static (_, _) => { });
            if (answer.IsOk && answer.Value.Payments.FirstOrDefault(p => p.Id == lease) is { } payment)
            {
                deployment.Withdrawn[lease] = Math.Max(deployment.Withdrawn.GetValueOrDefault(lease), payment.Withdrawn);
            }
        }
    }

    private async Task ReclaimAsync()
    {
        // Few leases can be reclaimed at all: one that can comes before the one that was drawn.
        var drawn = AnyDeployment();
        var wanted = _model.Deployments.FirstOrDefault(static d => d.Variant == Sdls.Reclaimable && d.View?.Groups.Any(static g => g.Order.LeaseId is not null) is true) ?? drawn;
        if (wanted is { View: { } view } && view.Groups.FirstOrDefault(static g => g.Order.LeaseId is not null) is { } group)
        {
            var (id, lease) = (_caller.NewId(), group.Order.LeaseId!);
            await _caller.AskAsync($"reclaim {lease}", () => _world.Grain(g => g.GetGrain<ILeaseGrain>(lease)).StartReclaimAsync(id), static (_, _) => { });
        }
    }

    private async Task TickAsync()
    {
        if (AnyDeployment() is { } deployment)
        {
            await _caller.TryAsync("tick", () => Deployment(deployment.Id).TickAsync());
        }
    }

    private async Task LookAgainAsync(KnownDeployment deployment)
    {
        await _caller.TryAsync("get", async () =>
        {
            await _world.UpAsync();
            if (await Deployment(deployment.Id).GetAsync() is { IsOk: true } answer)
            {
                Shown(deployment, answer.Value);
            }
        });
    }

    /// <param name="what">The command, for the trace.</param>
    /// <param name="deployment">Whose command.</param>
    /// <param name="call">Sends it.</param>
    /// <param name="judgedAnew">Hears the answer to the same command sent again after a refusal, which leaves nothing.</param>
    private async Task<Result<DeploymentView>> AskAsync(string what, KnownDeployment deployment, Func<Task<Result<DeploymentView>>> call, Action<Result<DeploymentView>>? judgedAnew = null)
    {
        var answer = await _caller.AskAsync($"{what} {deployment.Id}", call, (first, again) =>
        {
            if (!first.IsOk)
            {
                judgedAnew?.Invoke(again);
            }
        });
        if (answer.IsOk)
        {
            Shown(deployment, answer.Value);
        }

        return answer;
    }

    private void Shown(KnownDeployment deployment, DeploymentView view)
    {
        _caller.Seen("deployment", deployment.Id, view.Version);
        if (deployment.View is null || deployment.View.Version <= view.Version)
        {
            deployment.View = view;
        }
    }
}
