using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;

namespace DepinGrains.Simulation.Checks;

/// <summary>Host names, leased addresses, prices and parameters: nobody has what another has, and what was acknowledged stands once.</summary>
internal static class NetworkRows
{
    public static void Hostname(HostnameState? before, HostnameState after, Problems problems) =>
        problems.Unless(before?.Deployment is null || after.Deployment is null || before.Deployment == after.Deployment, $"host name {after.Name} goes from {before?.Deployment} to {after.Deployment}");

    public static void Pool(AddressPoolState? before, AddressPoolState after, DateTimeOffset now, Problems problems)
    {
        var standing = after.Bookings.Where(b => b.StandsAt(now)).ToArray();
        var addresses = standing.SelectMany(static b => b.Addresses).Select(static a => a.Address).ToArray();
        problems.Unless(addresses.Distinct(StringComparer.Ordinal).Count() == addresses.Length, $"{after.Provider} leases an address twice");
        problems.Unless(AddressBook.Uncovered(AddressRanges.Parse(after.Ranges).Require(), standing.SelectMany(static b => b.Addresses)) is null, $"{after.Provider} leases an address it does not have");
        foreach (var booking in after.Bookings)
        {
            var earlier = before?.Bookings.FirstOrDefault(b => b.Id == booking.Id);
            problems.Unless(earlier?.Lease is null || earlier.Lease == booking.Lease, $"{after.Provider}: addresses {booking.Id} go from lease {earlier?.Lease} to {booking.Lease}");
            problems.Unless(earlier is not null || before?.Released.Any(r => r.Id == booking.Id) != true, $"{after.Provider}: addresses {booking.Id} come back after their release");
        }
    }

    public static void Acknowledged(World world, Model model, Problems problems)
    {
        var changes = world.Children("parameter", NetworkParameterKeys.Network).Select(static r => RowKind<ParameterRow>.Read(r)).ToArray();
        problems.Unless(changes.Select(static c => c.Ordinal).SequenceEqual(Enumerable.Range(1, changes.Length).Select(static n => (long)n)), "the changes of parameters have gaps");
        foreach (var (ordinal, name, value) in model.Parameters)
        {
            problems.Unless(changes.Count(c => c.Value == value) == 1 && changes.Any(c => c.Ordinal == ordinal && c.Name == name && c.Value == value), $"change {ordinal} of {name} to {value} was acknowledged and does not stand once");
        }

        var prices = world.Children(PriceRow.Kind.Table.Kind, OracleKeys.Network).Select(static r => RowKind<PriceRow>.Read(r).Usd).ToArray();
        foreach (var usd in model.Prices)
        {
            problems.Unless(prices.Count(p => p == usd) == 1, $"the price {usd} was acknowledged and stands {prices.Count(p => p == usd)} times");
        }
    }
}
