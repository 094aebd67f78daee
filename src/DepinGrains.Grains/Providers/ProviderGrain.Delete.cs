using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Providers;

/// <summary>
/// A provider leaves. Whether it still has bids or leases is read from rows that others write meanwhile: so it first says that it is leaving (awards read that after their bid is in its row), looks, and
/// then goes or stays. A mark that a crash left behind ends by itself.
/// </summary>
public sealed partial class ProviderGrain
{
    private static readonly TimeSpan LeavingFor = TimeSpan.FromMinutes(1);

    private static readonly ImmutableArray<string> OpenLeases =
        [.. Enum.GetValues<Contracts.Leases.LeaseStatus>().Where(static s => s != Contracts.Leases.LeaseStatus.Closed).Select(LeaseNames.Of)];

    /// <inheritdoc/>
    public async Task<Result<Done>> DeleteAsync(string operationId)
    {
        _row.ThrowIfLost();
        var print = Changes.Fingerprint(new { Command = "delete" });
        if (await _row.RememberedAsync<Done>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (Missing() is { } missing)
        {
            return missing;
        }

        var until = clock.Now + LeavingFor;
        if (await _row.CommitAsync(_row.Value! with { LeavingUntil = until }) is { } unmarked)
        {
            return unmarked;
        }

        // In time that is left over: an award that finds the mark over must find the deletion too.
        if ((await StandingAsync() ?? (clock.Now < until - (LeavingFor / 2) ? null : TooLate())) is { } standing)
        {
            return await _row.CommitAsync(_row.Value! with { LeavingUntil = null }) is { } refusal ? refusal : standing;
        }

        var gone = _row.Value! with { Deleted = true, UpdatedAt = clock.Now };
        var data = new { Provider = Id, gone.Profile.Name, gone.Maintenance };
        var changes = new Changes().Event("market", "provider.deleted", Id, data).Event("provider/" + Id, "provider.deleted", Id, data).Remember<Result<Done>>(operationId, print, Done.Instance);
        return await _row.CommitAsync(gone, changes) is { } refused ? refused : Done.Instance;
    }

    /// <summary>A bid or lease that is not over, or null.</summary>
    private async Task<Refusal?> StandingAsync()
    {
        foreach (var status in OpenLeases)
        {
            if (await FirstAsync(LeaseState.Kind.Table.Kind, status) is { } lease)
            {
                return Refusal.Of("provider.has_leases", $"{Id} has leases that are not closed, {lease.Id.Key} ({status}) among them", ("provider", Id), ("lease", lease.Id.Key), ("status", status));
            }
        }

        return await FirstAsync(BidState.Kind.Table.Kind, "open") is { } bid
            ? Refusal.Of("provider.has_bids", $"{Id} has open bids, one for deployment {bid.Id.Parent} among them: close them first", ("provider", Id), ("deployment", bid.Id.Parent), ("bid", bid.Id.Key))
            : null;
    }

    private async Task<StoredRow?> FirstAsync(string kind, string status) =>
        (await store.ListAsync(new ListQuery(kind, [new Filter("provider", Comparison.Equal, Id), new Filter("status", Comparison.Equal, status)], null, false, 1, null))).Rows is [var first, ..] ? first : null;

    private Refusal TooLate() => Refusal.Of("provider.delete_unavailable", $"it took too long to find out whether {Id} has bids or leases; ask again", ("provider", Id));
}

/// <summary>Whether a provider may still be awarded anything; the part of its row that an award reads.</summary>
public sealed record ProviderStanding(bool Deleted, DateTimeOffset? LeavingUntil)
{
    /// <summary>Null, or <c>provider.not_found</c>, <c>provider.leaving</c>.</summary>
    /// <param name="row">The row of a provider, or null when there is none.</param>
    public static Refusal? WhyNot(string provider, StoredRow? row, DateTimeOffset now) => (row is null ? null : RowJson.Read<ProviderStanding>(row.Document)) switch
    {
        null or { Deleted: true } => Refusal.Of("provider.not_found", $"no provider {provider}", ("provider", provider)),
        { LeavingUntil: { } until } when now < until => Refusal.Of("provider.leaving", $"{provider} is being deleted", ("provider", provider)),
        _ => null,
    };
}
