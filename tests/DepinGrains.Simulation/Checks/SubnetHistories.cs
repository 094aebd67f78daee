using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Checks;

/// <summary>Sees every change set of a subnet: epochs follow each other, each decides its payments once and pays what it drew, no uid changes hands unsaid, none is swept in immunity.</summary>
internal sealed class SubnetHistories(Problems problems)
{
    private readonly Dictionary<RowId, NeuronState> _neurons = [];
    private readonly SortedDictionary<string, long> _decided = new(StringComparer.Ordinal);

    /// <summary>Rao that epochs drew.</summary>
    public long Drawn { get; private set; }

    /// <summary>Rao that epochs left unissued.</summary>
    public long Dust { get; private set; }

    /// <summary>Rao that epochs decided to pay to an account.</summary>
    public long Decided(string account) => _decided.GetValueOrDefault(account);

    public void Written(SubnetState? before, SubnetState after, ChangeSet changes)
    {
        var name = $"subnet {after.Netuid}";
        var (epoch, emitted) = (before?.Epoch ?? 0, before?.Emitted ?? 0);
        problems.Unless(after.Epoch == epoch || after.Epoch == epoch + 1, $"{name} goes from epoch {epoch} to {after.Epoch}");
        problems.Unless(before?.Status != SubnetStatus.Dissolved || after.Status == SubnetStatus.Dissolved, $"{name} comes back");
        problems.Unless(before is null || after.Recycled >= before.Recycled, $"{name} recycled {before?.Recycled} and now {after.Recycled}");
        problems.Unless(before?.LastEpochBlock is not { } last || after.LastEpochBlock >= last, $"{name} goes back from block {before?.LastEpochBlock} to {after.LastEpochBlock}");
        if (after.Epoch == epoch)
        {
            problems.Unless(after.Emitted == emitted, $"{name} emitted {emitted} and now {after.Emitted} without an epoch");
            problems.Unless(!changes.Children.Any(static c => c.Id.Kind == PaymentRow.Kind.Table.Kind && c.Document is not null), $"{name} decides payments without an epoch");
        }
        else
        {
            Epoch(name, before!, after, changes);
        }

        foreach (var child in changes.Children.Where(static c => c.Id.Kind == NeuronState.Kind.Table.Kind))
        {
            Neuron(name, before, after, child, changes);
        }
    }

    private void Epoch(string name, SubnetState before, SubnetState after, ChangeSet changes)
    {
        problems.Unless(before.Payment is null, $"{name} decides epoch {before.Epoch} before it has paid the one before");
        var view = Documents<EpochRow>(changes, EpochRow.Kind.Table.Kind).Single().View;
        var payments = Documents<PaymentRow>(changes, PaymentRow.Kind.Table.Kind).Single().Payments;
        foreach (var payment in payments)
        {
            problems.Unless(payment.Amount > 0, $"{name} pays {payment.Account} {payment.Amount}");
            _decided[payment.Account] = Decided(payment.Account) + payment.Amount;
        }

        problems.Unless(view.Epoch == before.Epoch && view.Block == after.LastEpochBlock && view.Block == before.EpochBlock, $"{name} writes epoch {view.Epoch} of block {view.Block} for {before.Epoch} of {before.EpochBlock}");
        problems.Unless(payments.Sum(static p => p.Amount) == view.OwnerCut + view.Paid, $"{name} pays {payments.Sum(static p => p.Amount)} in epoch {view.Epoch}, its row says {view.OwnerCut} + {view.Paid}");
        problems.Unless(view.Dust >= 0 && view.Drawn == view.OwnerCut + view.Paid + view.Dust, $"{name} drew {view.Drawn} in epoch {view.Epoch}, which is not {view.OwnerCut} + {view.Paid} + {view.Dust}");
        (Drawn, Dust) = (Drawn + view.Drawn, Dust + view.Dust);
        problems.Unless(after.Emitted == before.Emitted + view.OwnerCut + view.Paid, $"{name} emitted {before.Emitted} and {after.Emitted} after epoch {view.Epoch} of {view.OwnerCut} + {view.Paid}");
    }

    private void Neuron(string name, SubnetState? before, SubnetState after, ChildWrite child, ChangeSet changes)
    {
        var known = _neurons.GetValueOrDefault(child.Id);
        var now = child.Document is { } document ? RowJson.Read<NeuronState>(document) : null;
        if (known is not null && known.Hotkey != now?.Hotkey)
        {
            problems.Unless(changes.Events.Any(e => e.Type == "subnet.deregistered" && e.Subject == known.Hotkey), $"{name} takes uid {known.Uid} from {known.Hotkey} and tells nobody");
            problems.Unless(now is not null || known.RegisteredAt + before!.Hyperparameters.ImmunityPeriod <= after.LastEpochBlock, $"{name} sweeps uid {known.Uid}, registered in block {known.RegisteredAt}, in block {after.LastEpochBlock}");
            problems.Unless(now is not null || after.Epoch > before!.Epoch, $"{name} sweeps uid {known.Uid} between epochs");
            problems.Unless(now is null || changes.Operations.Length == 1, $"{name} gives uid {known.Uid} to {now?.Hotkey} who did not register");
        }

        if (now is null)
        {
            _neurons.Remove(child.Id);
        }
        else
        {
            _neurons[child.Id] = now;
        }
    }

    private static IEnumerable<T> Documents<T>(ChangeSet changes, string kind)
        where T : RowDocument => changes.Children.Where(c => c.Id.Kind == kind && c.Document is not null).Select(static c => RowJson.Read<T>(c.Document!.Value));
}
