using System.Collections.Immutable;
using System.Numerics;

namespace DepinGrains.Domain.Providers;

/// <summary>An order's resources as <see cref="UsdPricing"/> multiplies them: added up once, whoever is asked for a price.</summary>
internal sealed class UsdDemand
{
    private readonly Dictionary<string, Decimal20> _storage = new(StringComparer.Ordinal);

    public UsdDemand(ImmutableArray<PricedUnit> units)
    {
        Units = units;
        if (units.IsDefaultOrEmpty)
        {
            return;
        }

        Cores = Decimal20.Ratio(Sum(static u => u.CpuMilli), 1_000, 3);
        Memory = Gigabytes(Sum(static u => u.MemoryBytes));
        foreach (var volumes in units.SelectMany(static u => u.Volumes.Select(v => (Class: UsdPricing.ClassOf(v), Bytes: (BigInteger)v.Bytes * u.Count))).GroupBy(static v => v.Class, StringComparer.Ordinal))
        {
            _storage[volumes.Key] = Gigabytes(volumes.Aggregate(BigInteger.Zero, static (sum, v) => sum + v.Bytes));
        }

        Endpoints = units.Sum(static u => (long)u.Endpoints);
        Ips = units.Sum(static u => (long)u.LeasedIps);
        Cards = [.. units.Where(static u => u.Gpus > 0).Select(static u => (u.GpuAttributes, (long)u.Gpus * u.Count))];
    }

    /// <summary>What was asked, which the price rules still have to judge.</summary>
    public ImmutableArray<PricedUnit> Units { get; }

    public Decimal20 Cores { get; }

    /// <summary>GB, as all sizes here.</summary>
    public Decimal20 Memory { get; }

    public long Endpoints { get; }

    public long Ips { get; }

    /// <summary>Cards by what they may be.</summary>
    public ImmutableArray<(ImmutableArray<string> AnyOf, long Count)> Cards { get; } = [];

    /// <summary>GB of a storage class.</summary>
    public Decimal20 Storage(string name) => _storage.GetValueOrDefault(name);

    private BigInteger Sum(Func<PricedUnit, long> of) => Units.Aggregate(BigInteger.Zero, (sum, u) => sum + ((BigInteger)of(u) * u.Count));

    private static Decimal20 Gigabytes(BigInteger bytes) => Decimal20.Ratio(bytes, 1L << 30, 12);
}
