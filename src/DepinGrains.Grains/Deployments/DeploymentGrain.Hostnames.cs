using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Deployments.Sdl;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

/// <summary>
/// Host names: named in the row before they are claimed, claimed with the award, kept while the group has an order (a re-listed one too), given back by <see cref="HostnameStepAsync"/> as soon as no group
/// wants them. A crash between any two of these leaves a name in the row that is claimed or released again.
/// </summary>
public sealed partial class DeploymentGrain
{
    private const int HostnamesMax = 64;
    private const int HostnameLengthMax = 253;

    /// <summary>Refuses too many or senseless names.</summary>
    private static Refusal? HostnamesInvalid(IEnumerable<string> names)
    {
        var all = names.ToArray();
        return all.Length > HostnamesMax
            ? Refusal.Of("deployment.hostname_count", $"{all.Length} host names, at most {HostnamesMax} are served for one deployment", ("had", all.Length), ("max", HostnamesMax))
            : Array.Find(all, static n => !NodeChecks.IsText(n, 1, HostnameLengthMax)) is { } bad
                ? Refusal.Of("deployment.hostname_invalid", $"a host name is plain text of at most {HostnameLengthMax} characters", ("length", bad.Length))
                : null;
    }

    /// <summary>Null when nobody else holds any of the names now; the claim decides.</summary>
    private async Task<Refusal?> TakenAsync(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (await Hostname(name).GetAsync() is { Deployment: { } holder } held && holder != Id)
            {
                return HostnameGrain.InUse(name, held.Since);
            }
        }

        return null;
    }

    /// <summary>Claims names for this deployment; the row says so first.</summary>
    private async Task<Refusal?> ClaimAsync(ImmutableArray<string> names)
    {
        var fresh = names.Except(State.HostnamesHeld).ToArray();
        if (fresh.Length > 0)
        {
            await MustCommitAsync(State with { HostnamesHeld = [.. State.HostnamesHeld, .. fresh] }, new Changes());
        }

        foreach (var name in names)
        {
            if ((await Hostname(name).ClaimAsync(Id)).Refusal is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>A new manifest's names: refused when another deployment holds one; those of groups with a lease are claimed now. On a refusal the next step gives back what was claimed.</summary>
    private async Task<Refusal?> ServeAsync(ImmutableArray<string>[] hostnames)
    {
        var all = hostnames.SelectMany(static h => h).ToArray();
        if ((HostnamesInvalid(all) ?? await TakenAsync(all)) is { } refusal)
        {
            return refusal;
        }

        var fresh = State.Groups.Where(static g => g.Order.Status == OrderStatus.Active).SelectMany(g => hostnames[g.Gseq - 1]).Except(State.HostnamesHeld).ToImmutableArray();
        if (fresh.IsEmpty || await ClaimAsync(fresh) is not { } unclaimed)
        {
            return null;
        }

        await AdvanceAsync();
        return unclaimed;
    }

    /// <summary>Gives back names that no group with an order wants.</summary>
    private async Task<bool> HostnameStepAsync()
    {
        var wanted = State.Groups.Where(static g => g.Order.Status != OrderStatus.Closed).SelectMany(static g => g.Hostnames).ToHashSet(StringComparer.Ordinal);
        var over = State.HostnamesHeld.Where(n => !wanted.Contains(n)).ToArray();
        if (over.Length == 0)
        {
            return false;
        }

        foreach (var name in over)
        {
            await Hostname(name).ReleaseAsync(Id);
        }

        await MustCommitAsync(State with { HostnamesHeld = [.. State.HostnamesHeld.Except(over)] }, new Changes());
        return true;
    }

    /// <summary>
    /// Confirms a booking for a lease. A booking that lapsed while its bid stood (a tenant who picks takes time), or whose node forgot it with its activation, is made again first; refused, with what is
    /// missing, when the room has gone.
    /// </summary>
    private async Task<Result<NodeReservation>> ConfirmAsync(BidBooking booking, string lease)
    {
        var node = Node(booking.Node);
        var confirmed = await node.ConfirmAsync(booking.ReservationId, lease);
        if (confirmed.Refusal is not { Code: "node.reservation_gone" } || booking.Demand is not { } demand)
        {
            return confirmed;
        }

        var again = await node.ReserveAsync(booking.ReservationId, demand, clock.Now + _options.BookingLifetime, passing: true);
        return again.IsOk ? await node.ConfirmAsync(booking.ReservationId, lease) : again;
    }

    /// <summary>The same for the addresses of a bid.</summary>
    private async Task<Result<ImmutableArray<LeasedAddress>>> ConfirmAddressesAsync(BidState bid, string lease)
    {
        if (bid.Ips.IsEmpty)
        {
            return ImmutableArray<LeasedAddress>.Empty;
        }

        var pool = Pool(bid.Provider);
        var confirmed = await pool.ConfirmAsync(bid.HoldId, lease);
        if (confirmed.Refusal is { Code: "provider.address_reservation_gone" })
        {
            var again = await pool.ReserveAsync(bid.HoldId, bid.Ips, clock.Now + _options.BookingLifetime);
            confirmed = again.IsOk ? await pool.ConfirmAsync(bid.HoldId, lease) : again;
        }

        return confirmed.IsOk ? confirmed.Value.Addresses : confirmed.Refusal;
    }

    private static ImmutableArray<string> HostnamesOf(SdlDocument document, GroupSpec spec) => DeploymentPlan.Hostnames(document.Manifest.Find(spec.Name)!);

    private IHostnameGrain Hostname(string name) => GrainFactory.GetGrain<IHostnameGrain>(name);

    private IAddressPoolGrain Pool(string provider) => GrainFactory.GetGrain<IAddressPoolGrain>(provider);
}
