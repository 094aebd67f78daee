using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Nodes;

/// <content>What runs in the bookings, and its secrets.</content>
public sealed partial class NodeGrain
{
    private const int SecretPage = 200;

    /// <inheritdoc/>
    public async Task<Result<long>> SetWorkloadsAsync(string reservationId, ImmutableArray<WorkloadSpec> workloads)
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return NotFound();
        }

        var now = clock.Now;
        var state = Swept(_row.Value, now);
        if (state.Liveness == NodeStatus.Retired)
        {
            return Retired(state);
        }

        if (Find(state, reservationId) is not { } booking)
        {
            return Gone(reservationId);
        }

        if (booking.Lease is null)
        {
            return Refusal.Of("node.reservation_unconfirmed", $"reservation {reservationId} is not confirmed", ("reservation", reservationId));
        }

        if (NodeChecks.Workloads(booking, workloads, _options.WorkloadsMax) is { } invalid)
        {
            return invalid;
        }

        var json = RowJson.Write(workloads);
        var seal = workloads.IsEmpty ? "" : protector.Fingerprint(Purpose(reservationId), json.Span);
        if (seal == booking.WorkloadsSeal)
        {
            return state.Generation;
        }

        // Counted as they are sent. What was booked for others is theirs, whether they use it or not.
        var wire = workloads.Sum(AgentProtocolJson.Size);
        var bytes = state.Bookings.Where(other => other != booking).Sum(static other => Math.Max(other.WorkloadBytes, other.Demand.Slots.Sum(static slot => slot.WorkloadBytes))) + wire;
        if (bytes > AgentProtocol.WorkloadBytesMax)
        {
            return Refusal.Of(
                "node.workloads_too_large",
                $"the workloads of this node would take {bytes} bytes, at most {AgentProtocol.WorkloadBytesMax} fit into one message",
                ("bytes", bytes),
                ("max", AgentProtocol.WorkloadBytesMax));
        }

        var filled = booking with
        {
            Workloads = [.. workloads.Select(spec => spec with { Env = [], Credentials = null })],
            WorkloadsSeal = seal,
            WorkloadBytes = wire,
        };
        var next = state with { Bookings = state.Bookings.Replace(booking, filled), Generation = state.Generation + 1 };
        if (await CommitBookingAsync(next, now, SecretWrite(new Changes(), booking, workloads)) is { } refusal)
        {
            return refusal;
        }

        notifier.GenerationChanged(Id, next.Generation);
        return next.Generation;
    }

    /// <inheritdoc/>
    public async Task<DesiredState> GetDesiredStateAsync()
    {
        _row.ThrowIfLost();
        if (!_row.Exists)
        {
            return new DesiredState(0, [], []);
        }

        var state = _row.Value;
        var secrets = new Dictionary<string, WorkloadSecret>(StringComparer.Ordinal);
        if (state.Bookings.Any(booking => !booking.Workloads.IsEmpty))
        {
            await ReadSecretsAsync(secrets);
        }

        // A write between the pages of secrets cannot happen: this activation is the only writer and does not interleave.
        var workloads = state.Bookings
            .SelectMany(booking => booking.Workloads.Select(spec => secrets.TryGetValue(SecretKey(booking.Id, spec.Id), out var secret)
                ? spec with { Env = secret.Env, Credentials = secret.Credentials }
                : spec));
        return new DesiredState(state.Generation, [.. workloads], NodeRules.Leases(state), state.Benchmark?.Offer(clock.Now));
    }

    private async Task ReadSecretsAsync(Dictionary<string, WorkloadSecret> secrets)
    {
        string? after = null;
        while (true)
        {
            var page = await store.ReadChildrenAsync(NodeRows.Secret.Kind, Id, after, SecretPage);
            foreach (var row in page)
            {
                after = row.Id.Key;
                foreach (var secret in RowJson.Read<WorkloadSecrets>(protector.Unprotect(Purpose(after), row.Document.Span)).Workloads)
                {
                    secrets[SecretKey(after, secret.Workload)] = secret;
                }
            }

            if (page.Length < SecretPage)
            {
                return;
            }
        }
    }

    private Changes SecretWrite(Changes changes, NodeBooking before, ImmutableArray<WorkloadSpec> workloads)
    {
        var secrets = workloads
            .Where(spec => !spec.Env.IsEmpty || spec.Credentials is not null)
            .Select(spec => new WorkloadSecret(spec.Id, spec.Env, spec.Credentials))
            .ToImmutableArray();
        var row = SecretRow(before.Id);
        if (!secrets.IsEmpty)
        {
            return changes.With(new ChildWrite(row, [], protector.Protect(Purpose(before.Id), RowJson.Write(new WorkloadSecrets { Workloads = secrets }).Span)));
        }

        // Where nothing ran before there is none to take away.
        return before.Workloads.IsEmpty ? changes : changes.With(new ChildWrite(row, [], null));
    }

    private NodeBooking Emptied(NodeBooking booking, Changes changes)
    {
        if (booking.Workloads.IsEmpty)
        {
            return booking;
        }

        changes.With(new ChildWrite(SecretRow(booking.Id), [], null));
        return booking with { Workloads = [], WorkloadsSeal = "", WorkloadBytes = 0 };
    }

    private RowId SecretRow(string reservationId) => new(NodeRows.Secret.Kind, Id, reservationId);

    private string Purpose(string reservationId) => $"node/{Id}/{reservationId}";

    private static string SecretKey(string reservationId, string workload) => reservationId + "\n" + workload;
}
