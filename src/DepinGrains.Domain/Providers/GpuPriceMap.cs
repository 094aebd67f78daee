using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Domain.Providers;

/// <summary>
/// Prices of cards by <c>model[.ram][.interface]</c>. Look-up from the most exact key to the model alone, else the highest price in the map, at least 100
/// (helm-charts price_script_generic.sh).
/// </summary>
internal sealed class GpuPriceMap
{
    private readonly Dictionary<string, Decimal20> _prices = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes texts already checked by <see cref="UsdPricing.WhyInvalid"/> or <see cref="ScalePolicy.WhyInvalid"/>.</summary>
    /// <param name="prices">Prices by key.</param>
    /// <param name="atLeast">What an unknown card costs at least.</param>
    public GpuPriceMap(ImmutableArray<Fact> prices, long atLeast = 100)
    {
        Highest = Decimal20.Of(atLeast);
        foreach (var (key, text) in prices)
        {
            var price = Decimal20.Parse(text);
            _prices[key] = price;
            Highest = price > Highest ? price : Highest;
        }
    }

    /// <summary>What an unknown card costs.</summary>
    public Decimal20 Highest { get; }

    /// <summary>The price for one card and the key that gave it. Of several acceptable cards the dearest counts: any of them may be had.</summary>
    public (string Key, Decimal20 Price) Find(ImmutableArray<string> anyOf)
    {
        (string Key, Decimal20 Price)? found = null;
        foreach (var text in anyOf)
        {
            var one = GpuSelector.TryParse(text, out var selector) ? Find(selector) : ("*", Highest);
            found = found is { } best && !(one.Item2 > best.Price) ? best : one;
        }

        return found ?? ("*", Highest);
    }

    /// <summary>The key of an unknown card.</summary>
    public const string UnknownKey = "*";

    private (string Key, Decimal20 Price) Find(GpuSelector selector)
    {
        var key = selector.Model;
        key += selector.RamBytes is { } ram ? "." + GpuSelector.FormatSize(ram) : "";
        key += selector.Interface is { } connection ? "." + connection : "";
        var last = key.LastIndexOf('.');
        var first = key.IndexOf('.', StringComparison.Ordinal);
        foreach (var candidate in (string[])[key, last < 0 ? key : key[..last], first < 0 ? key : key[..first]])
        {
            if (_prices.TryGetValue(candidate, out var price))
            {
                return (candidate, price);
            }
        }

        return ("*", Highest);
    }
}
