using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;

namespace DepinGrains.Domain.Providers;

/// <summary>A policy of <see cref="UsdPricing"/>, its numbers read once.</summary>
internal sealed class UsdRates
{
    private readonly (string Name, string Text, Decimal20 Price)[] _storage = [];
    private readonly Decimal20 _cpu;
    private readonly Decimal20 _memory;
    private readonly Decimal20 _endpoint;
    private readonly Decimal20 _ip;
    private readonly GpuPriceMap _cards = new([]);

    public UsdRates(PricingPolicy policy)
    {
        Policy = policy;
        Invalid = UsdPricing.WhyInvalid(policy);
        if (Invalid is not null)
        {
            return;
        }

        (_cpu, _memory) = (Decimal20.Parse(policy.CpuUsd), Decimal20.Parse(policy.MemoryUsd));
        (_endpoint, _ip) = (Decimal20.Parse(policy.EndpointUsd), Decimal20.Parse(policy.IpUsd));
        _storage = [.. policy.StorageUsd.Select(static s => (s.Name, s.Value, Decimal20.Parse(s.Value)))];
        _cards = new GpuPriceMap(policy.GpuUsd);
    }

    public PricingPolicy Policy { get; }

    /// <summary>Why it cannot be evaluated, if it cannot.</summary>
    public Refusal? Invalid { get; }

    /// <summary>Dollars a month.</summary>
    public Decimal20 Monthly(UsdDemand demand)
    {
        var sum = (demand.Cores * _cpu) + (demand.Memory * _memory) + (_endpoint * demand.Endpoints) + (_ip * demand.Ips);
        foreach (var (name, _, price) in _storage)
        {
            sum += demand.Storage(name) * price;
        }

        foreach (var (anyOf, count) in demand.Cards)
        {
            sum += _cards.Find(anyOf).Price * count;
        }

        return sum;
    }

    /// <summary>The same by resource.</summary>
    public IEnumerable<Cost> Costs(UsdDemand demand)
    {
        yield return new Cost("cpu", demand.Cores, Policy.CpuUsd, demand.Cores * _cpu);
        yield return new Cost("memory", demand.Memory, Policy.MemoryUsd, demand.Memory * _memory);
        foreach (var (name, text, price) in _storage)
        {
            yield return new Cost("storage/" + name, demand.Storage(name), text, demand.Storage(name) * price);
        }

        yield return new Cost("endpoint", Decimal20.Of(demand.Endpoints), Policy.EndpointUsd, _endpoint * demand.Endpoints);
        yield return new Cost("ip", Decimal20.Of(demand.Ips), Policy.IpUsd, _ip * demand.Ips);
        foreach (var (anyOf, count) in demand.Cards)
        {
            var (key, price) = _cards.Find(anyOf);
            yield return new Cost("gpu/" + key, Decimal20.Of(count), price.ToString(), price * count);
        }
    }

    /// <summary>One resource's dollars a month.</summary>
    public readonly record struct Cost(string Resource, Decimal20 Quantity, string Each, Decimal20 Usd);
}
