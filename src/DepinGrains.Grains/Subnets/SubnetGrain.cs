using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Registration;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Subnets;

/// <summary>
/// Owns one subnet and two sagas: a registration (intent in the root row → recycled at the emission → neuron row) and an epoch (draw by epoch number → numbers, bonds and payments in one commit → ledger transfers
/// with ids from the epoch number → done). Both are finished by the next call, or by the sweep. The book in memory is what the rows said at activation plus what was committed since.
/// </summary>
[GrainType("depin.subnet")]
public sealed partial class SubnetGrain(IRowStore store, NetworkClock clock, IOptions<SubnetOptions> options, SubnetMetrics metrics) : Grain, ISubnetGrain
{
    private readonly EpochWorkspace _workspace = new();
    private GrainRow<SubnetState> _row = null!;
    private SubnetBook _book = new();

    private int Netuid => (int)this.GetPrimaryKeyLong();

    private string Key => SubnetState.Key(Netuid);

    private string Topic => "subnet/" + Key;

    private SubnetState State => _row.Value ?? throw new InvalidOperationException($"subnet {Netuid} does not exist");

    private long Block => clock.Block();

    private ILedgerGrain Ledger => GrainFactory.GetGrain<ILedgerGrain>(EmissionKeys.Tao);

    private IEmissionGrain Emission => GrainFactory.GetGrain<IEmissionGrain>(EmissionKeys.Tao);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<SubnetState>(store, SubnetState.Kind, Key, DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
        if (_row.Value is { } state)
        {
            _book = await SubnetBook.LoadAsync(store, Key, state.Uids, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<Result<SubnetView>> OpenAsync(string operationId, CreateSubnet command)
    {
        _row.ThrowIfLost();
        if (_row.Value is { } known)
        {
            return known.OpenOperation == operationId ? known.View(Block, _row.Version) : Refusal.Of("subnet.exists", $"subnet {Netuid} exists", ("netuid", Netuid));
        }

        if (Netuid is < 1 or > ushort.MaxValue)
        {
            return NotFound();
        }

        var block = Block;
        var terms = new SubnetHyperparameters();
        var state = new SubnetState(
            command.Name, command.Task, command.Owner, SubnetStatus.Active, operationId, clock.Now, block, terms, [], 0, 0, EpochBlockFrom(terms.Tempo, block), null,
            new RegistrationPrice((ulong)FirstBurn, (ulong)block, 0), -1, 0, 0, 0, 0, 0, null, null, 0, null) { Netuid = Netuid };
        return await _row.CommitAsync(Scheduled(state), new Changes().Event("network", "subnet.created", Key, new { Netuid, command.Name, command.Task, command.Owner }).Event(Topic, "subnet.created", Key, new { Netuid, command.Name, command.Task, command.Owner })) is { } refusal
            ? refusal
            : State.View(block, _row.Version);
    }

    /// <inheritdoc/>
    public async Task<Result<SubnetView>> DissolveAsync(string operationId)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        await FinishAsync();
        if (State.Status == SubnetStatus.Dissolved)
        {
            return State.View(Block, _row.Version);
        }

        // An epoch that drew keeps what it drew until it is decided, so it is; the emission answers a draw that was made whatever its clock says now.
        if (!await EpochsAsync())
        {
            return CatchingUp();
        }

        if (State.EpochBlock is { } end && (await Emission.DrawAsync(Netuid, State.Epoch, end)).IsOk && !await RunEpochAsync(end))
        {
            return CatchingUp();
        }

        // What its epochs did not draw goes back to unissued; asked again, the emission answers alike.
        (await Emission.EndSubnetAsync($"subnet/{Key}/end", Netuid)).Require();
        var data = new { Netuid, State.Name, Uids = _book.Registered };
        await MustCommitAsync(
            State with { Status = SubnetStatus.Dissolved, EpochBlock = null, Pending = [], ServersVersion = State.ServersVersion + 1 },
            new Changes().Event("network", "subnet.dissolved", Key, data).Event(Topic, "subnet.dissolved", Key, data));
        return State.View(Block, _row.Version);
    }

    /// <inheritdoc/>
    public Task<Result<SubnetView>> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(_row.Value is { } state ? state.View(Block, _row.Version) : (Result<SubnetView>)NotFound());
    }

    /// <inheritdoc/>
    public async Task TickAsync()
    {
        _row.ThrowIfLost();
        if (_row.Exists)
        {
            await FinishAsync();
            await EpochsAsync();
        }
    }

    /// <summary>First price of a uid: what the chain's default subnet asks, 1 TAO.</summary>
    private const long FirstBurn = 1_000_000_000;

    /// <summary>Before a command: nothing half done, no epoch due, and there is a running subnet.</summary>
    private async Task<Refusal?> WhyNotReadyAsync()
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        await FinishAsync();
        if (State.Status != SubnetStatus.Active)
        {
            return Refusal.Of("subnet.dissolved", $"subnet {Netuid} made room for another and takes nothing any more", ("netuid", Netuid));
        }

        return await EpochsAsync() ? null : CatchingUp();
    }

    /// <summary>What a crash left half done, in the order it was begun.</summary>
    private async Task FinishAsync()
    {
        if (State.Registration is { } registration)
        {
            await CompleteAsync(registration);
        }

        if (State.Payment is { } draw)
        {
            await PayAsync(draw);
        }
    }

    /// <summary>With the instant at which the sweep must come by.</summary>
    private SubnetState Scheduled(SubnetState next) => next with
    {
        NextActionAt = next.Registration is not null || next.Payment is not null ? clock.Now : next.EpochBlock is { } end ? clock.TimeOfBlock(end) : null,
    };

    /// <summary>The first block from <paramref name="block"/> on that ends an epoch; null with tempo 0.</summary>
    private long? EpochBlockFrom(ushort tempo, long block) => tempo == 0 ? null : block + (long)SubnetSchedule.BlocksUntilEpoch((ushort)Netuid, tempo, (ulong)block);

    private async Task MustCommitAsync(SubnetState next, Changes changes)
    {
        if (await _row.CommitAsync(Scheduled(next), changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }

    private Refusal CatchingUp() => Refusal.Of(
        "subnet.catching_up", $"epoch {State.Epoch} of block {State.EpochBlock} is still to be done at block {Block}: ask again", ("epoch", State.Epoch), ("epochBlock", State.EpochBlock), ("block", Block));

    private Refusal NotFound() => Refusal.Of("subnet.not_found", string.Create(CultureInfo.InvariantCulture, $"there is no subnet {this.GetPrimaryKeyLong()}"), ("netuid", this.GetPrimaryKeyLong()));

    private Refusal NotRegistered(string hotkey) => Refusal.Of("subnet.not_registered", $"{hotkey} has no uid in subnet {Netuid}", ("netuid", Netuid), ("hotkey", hotkey));
}
