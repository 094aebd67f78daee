using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;

namespace DepinGrains.Simulation.Checks;

/// <summary>With every deployment closed the whole market must come down to what the sequential model says: nothing booked, nothing held, every wallet to the unit.</summary>
internal sealed class AtTheEnd(World world, Model model)
{
    private const string Denom = "uact";
    private const int FeeBasisPoints = 2_000;
    private readonly Problems _problems = world.Problems;

    public async Task CheckAsync()
    {
        await new AtRest(world, model).CheckAsync();
        foreach (var row in world.All("deployment"))
        {
            var state = RowKind<DeploymentState>.Read(row);
            _problems.Unless(state.Status == DeploymentStatus.Closed, $"deployment {row.Id.Key} is {state.Status} after its close");
            _problems.Unless(world.Ledgers.Balance(Denom, LedgerAccounts.Escrow(row.Id.Key)).Posted == 0, $"escrow {row.Id.Key} keeps {world.Ledgers.Balance(Denom, LedgerAccounts.Escrow(row.Id.Key)).Posted}");
        }

        foreach (var row in world.All("node"))
        {
            var state = world.Node(row);
            _problems.Unless(!state.Bookings.Any(b => b.Lease is not null || b.ReservedUntil > world.Time.GetUtcNow()), $"node {row.Id.Key} keeps {state.Bookings.Length} bookings of closed deployments");
        }

        foreach (var name in world.All("hostname").Select(static r => RowKind<HostnameState>.Read(r)))
        {
            _problems.Unless(name.Deployment is null, $"host name {name.Name} is kept by {name.Deployment} after its close");
        }

        foreach (var pool in world.All("address_pool").Select(static r => RowKind<AddressPoolState>.Read(r)))
        {
            _problems.Unless(!pool.Bookings.Any(b => b.StandsAt(world.Time.GetUtcNow())), $"{pool.Provider} keeps addresses of closed deployments");
        }

        NetworkRows.Acknowledged(world, model, _problems);
        foreach (var token in world.Ledgers.Tokens)
        {
            _problems.Unless(world.Ledgers.Holds(token).Keys.All(h => model.Holds.ContainsKey((token, h))), $"ledger {token} keeps a bid's deposit");
        }

        Wallets();
    }

    private void Wallets()
    {
        var accounts = world.All("escrow").Select(static r => RowKind<EscrowState>.Read(r).Account).OfType<EscrowAccount>().ToArray();
        var spent = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var back = accounts.Sum(static a => a.Refunded);
        foreach (var (depositor, amount) in model.Deployments.Where(static d => d.Created == true).SelectMany(static d => d.Deposits))
        {
            spent[depositor] = spent.GetValueOrDefault(depositor) + amount;
        }

        var earned = accounts.SelectMany(static a => a.Payments).GroupBy(static p => p.Payee).ToDictionary(static g => g.Key, static g => (Gross: g.Sum(static p => p.Withdrawn), Payments: g.Count()));
        var gross = earned.Values.Sum(static e => e.Gross);
        _problems.Unless(spent.Values.Sum() == gross + back, $"deposits {spent.Values.Sum()} are not paid {gross} + refunded {back}");
        Everyone(spent, earned, gross, back);
    }

    /// <summary>Wallet = what direct commands left − deposits + refunds + earnings after the fee. Which of several depositors a refund went to is the escrow's matter, that all of it arrived is ours.</summary>
    private void Everyone(SortedDictionary<string, long> spent, Dictionary<string, (long Gross, int Payments)> earned, long gross, long back)
    {
        var people = model.Direct.Keys.Where(static k => k.Token == Denom && k.Account.StartsWith("wallet/", StringComparison.Ordinal)).Select(static k => k.Account["wallet/".Length..]).ToArray();
        long refunded = 0;
        foreach (var person in people)
        {
            var wallet = LedgerAccounts.Wallet(person);
            var change = world.Ledgers.Balance(Denom, wallet).Posted - model.Direct[(Denom, wallet)] + spent.GetValueOrDefault(person);
            var (own, _) = earned.GetValueOrDefault(person);
            // Fees are truncated per withdrawal, so all a sum can say is that they are at most the rate.
            _problems.Unless(change >= own - (own * FeeBasisPoints / TakeFee.BasisPointsMax), $"{person} ends with {change} from escrows, {own} were earned");
            _problems.Unless(spent.ContainsKey(person) || change <= own, $"{person} ends with {change} from escrows without a deposit, {own} were earned");
            refunded += change;
        }

        var pool = world.Ledgers.Balance(Denom, LedgerAccounts.CommunityPool).Posted;
        _problems.Unless(refunded + pool == gross + back, $"people got {refunded} and the pool {pool} from escrows that gave {gross} + {back}");
        foreach (var ((token, account), amount) in model.Direct.Where(static d => d.Key.Token is not Denom and not "rao"))
        {
            _problems.Unless(world.Ledgers.Balance(token, account).Posted == amount, $"{account} has {world.Ledgers.Balance(token, account).Posted} {token}, acknowledged commands left {amount}");
        }

        _problems.Unless(world.Ledgers.Balance(Denom, LedgerAccounts.Issuance).Posted == model.Direct[(Denom, LedgerAccounts.Issuance)], $"supply of {Denom} is not what was minted");
    }
}
