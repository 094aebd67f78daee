using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Ledgers;
using DepinGrains.Domain.Subnets;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Subnets;

/// <summary>A subnet being opened: written before its lock is taken. <paramref name="Replaces"/>: the one that makes room.</summary>
public sealed record CreateIntent(string OperationId, CreateSubnet Command, int Netuid, long Lock, long Block, int? Replaces);

/// <summary>The registry's row.</summary>
public sealed record SubnetRegistryState(int LastNetuid, long LastLock, long LastBlock, ImmutableArray<RegisteredSubnet> Subnets, CreateIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<SubnetRegistryState> Kind = new(new TableDefinition("subnet_registry", [new("unfinished", ColumnType.Boolean)], [new("unfinished", ["unfinished"])]), static s => [s.Intent is not null]);
}

/// <summary>Owns the opening of subnets: intent → lock (the point of no return) → the weakest dissolved and its lock given back → subnet opened → in the list.</summary>
[GrainType("depin.subnet_registry")]
public sealed class SubnetRegistryGrain(IRowStore store, NetworkClock clock, IOptions<SubnetOptions> options) : Grain, ISubnetRegistryGrain
{
    private const int NameLengthMax = 64;

    /// <summary>Most calls to a subnet that makes room and has many epochs due, within one call to the registry.</summary>
    private const int DissolveCallsMax = 20;
    private GrainRow<SubnetRegistryState> _row = null!;

    private SubnetRegistryState State => _row.Value ?? new SubnetRegistryState(0, 0, 0, [], null);

    private SubnetSlots Slots => new(options.Value.Limit, (ulong)options.Value.MinLock, (ulong)options.Value.LockInterval, (ulong)options.Value.Immunity, (ulong)options.Value.CreateRateLimit);

    private ILedgerGrain Ledger => GrainFactory.GetGrain<ILedgerGrain>(EmissionKeys.Tao);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<SubnetRegistryState>(store, SubnetRegistryState.Kind, this.GetPrimaryKeyString(), DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<SubnetView>> CreateAsync(string operationId, CreateSubnet command)
    {
        await TickAsync();
        if (State.Intent is { } begun)
        {
            return Refusal.Of("subnet.catching_up", $"subnet {begun.Netuid} is being opened and {begun.Replaces}, which makes room, has epochs to do: ask again", ("netuid", begun.Netuid), ("replaces", begun.Replaces));
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<SubnetView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var block = clock.Block();
        var cost = (long)Slots.LockCost((ulong)State.LastLock, (ulong)State.LastBlock, (ulong)block);
        var replaces = State.Subnets.Length < options.Value.Limit ? null : await WeakestAsync(block);
        if (WhyNot(command, block, cost, replaces) is { } refusal)
        {
            return refusal;
        }

        if (cost > 0 && (await Ledger.GetBalanceAsync(LedgerAccounts.Wallet(command.Owner))).Available is var available && available < cost)
        {
            return LedgerErrors.InsufficientFunds(LedgerAccounts.Wallet(command.Owner), available, cost);
        }

        var intent = new CreateIntent(operationId, command, State.LastNetuid + 1, cost, block, replaces);
        return await _row.CommitAsync(State with { Intent = intent }) is { } unstorable ? unstorable : await CompleteAsync(intent);
    }

    /// <inheritdoc/>
    public async Task<SubnetLockCost> GetLockCostAsync()
    {
        _row.ThrowIfLost();
        var block = clock.Block();
        var next = State.Subnets.IsEmpty && State.LastBlock == 0 ? block : Math.Max(block, State.LastBlock + options.Value.CreateRateLimit);
        return new SubnetLockCost(
            (long)Slots.LockCost((ulong)State.LastLock, (ulong)State.LastBlock, (ulong)block), block, next, State.Subnets.Length, options.Value.Limit, State.Subnets.Length < options.Value.Limit ? null : await WeakestAsync(block));
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<RegisteredSubnet>> ListAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(State.Subnets);
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (State.Intent is { } intent)
        {
            await CompleteAsync(intent);
        }
    }

    private Refusal? WhyNot(CreateSubnet command, long block, long cost, int? replaces) =>
        command.Name is not { Length: > 0 and <= NameLengthMax } name || name.Any(char.IsControl) || name.Any(char.IsSurrogate) || name.Trim() != name
            ? Refusal.Of("subnet.name_invalid", $"a name is 1 to {NameLengthMax} printable characters", ("max", NameLengthMax))
        : State.LastBlock > 0 && block - State.LastBlock < options.Value.CreateRateLimit
            ? Refusal.Of("subnet.too_soon", $"a subnet was created {block - State.LastBlock} blocks ago; the next may be in {options.Value.CreateRateLimit - (block - State.LastBlock)}", ("passed", block - State.LastBlock), ("limit", options.Value.CreateRateLimit))
        : State.Subnets.Length >= options.Value.Limit && replaces is null
            ? Refusal.Of("subnet.all_immune", $"all {State.Subnets.Length} subnets are younger than {options.Value.Immunity} blocks: none can make room", ("subnets", State.Subnets.Length), ("immunity", options.Value.Immunity))
        : command.MaxLock is { } most && cost > most
            ? Refusal.Of("subnet.lock_moved", $"lock moved from {TaoEmission.Show((ulong)Math.Max(0, most))} to {TaoEmission.Show((ulong)cost)} TAO while you waited: pass --max-lock", ("lock", cost), ("max", most))
        : State.LastNetuid >= ushort.MaxValue ? Refusal.Of("subnet.numbers_exhausted", "there are no numbers left for subnets", ("last", State.LastNetuid))
        : null;

    /// <summary>The subnet of lowest emission out of immunity.</summary>
    private async Task<int?> WeakestAsync(long block)
    {
        var candidates = new List<SubnetCandidate>();
        foreach (var subnet in State.Subnets)
        {
            var view = (await GrainFactory.GetGrain<ISubnetGrain>(subnet.Netuid).GetAsync()).Require();
            candidates.Add(new SubnetCandidate((ushort)subnet.Netuid, (ulong)view.LastEmission, (ulong)subnet.CreatedAtBlock));
        }

        return Slots.ToPrune(candidates.ToArray(), (ulong)block);
    }

    private async Task<Result<SubnetView>> CompleteAsync(CreateIntent intent)
    {
        var (command, print) = (intent.Command, Changes.Fingerprint(intent.Command));
        if (intent.Lock > 0)
        {
            var locked = await Ledger.ExecuteAsync(Move($"subnet/create/{intent.OperationId}/lock", LedgerAccounts.Wallet(command.Owner), Account(intent.Netuid), intent.Lock, $"lock of subnet {intent.Netuid}"));
            if (!locked.IsOk)
            {
                Result<SubnetView> no = locked.Refusal;
                await MustCommitAsync(State with { Intent = null }, new Changes().Remember(intent.OperationId, print, no));
                return no;
            }
        }

        var left = State.Subnets;
        if (intent.Replaces is { } old && left.FirstOrDefault(s => s.Netuid == old) is { } gone)
        {
            if (await DissolveAsync(old) is { } unfinished)
            {
                return unfinished;
            }

            if (gone.Lock > 0)
            {
                (await Ledger.ExecuteAsync(Move(Id(old, "unlock"), Account(old), LedgerAccounts.Wallet(gone.Owner), gone.Lock, $"lock of subnet {old} back"))).Require();
            }

            left = left.Remove(gone);
        }

        var opened = (await GrainFactory.GetGrain<ISubnetGrain>(intent.Netuid).OpenAsync(intent.OperationId, command)).Require();
        // The first subnet begins to be paid at once, later ones from the root's next computation on.
        await GrainFactory.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry).TickAsync();
        Result<SubnetView> done = opened;
        await MustCommitAsync(
            new SubnetRegistryState(intent.Netuid, intent.Lock, intent.Block, left.Add(new RegisteredSubnet(intent.Netuid, command.Owner, intent.Lock, opened.CreatedAtBlock)), null),
            new Changes().Remember(intent.OperationId, print, done));
        return done;
    }

    /// <summary>Ends a subnet once its epochs are done. A refusal: there are more than one call may run; the saga goes on with the next.</summary>
    private async Task<Refusal?> DissolveAsync(int netuid)
    {
        var subnet = GrainFactory.GetGrain<ISubnetGrain>(netuid);
        for (var call = 1; ; call++)
        {
            var dissolved = await subnet.DissolveAsync(Id(netuid, "dissolve"));
            if (dissolved.IsOk)
            {
                return null;
            }

            if (dissolved.Refusal.Code != "subnet.catching_up")
            {
                throw new InvalidOperationException(dissolved.Refusal.ToString());
            }

            if (call == DissolveCallsMax)
            {
                return dissolved.Refusal;
            }
        }
    }

    private async Task MustCommitAsync(SubnetRegistryState next, Changes changes)
    {
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private static string Id(int netuid, string step) => string.Create(CultureInfo.InvariantCulture, $"subnet/{netuid}/{step}");

    private static string Account(int netuid) => Id(netuid, "locked");

    private static Transfer Move(string id, string from, string to, long amount, string memo) => new(id, TransferKind.Post, [new Leg(from, -amount), new Leg(to, amount)], Memo: memo);
}
