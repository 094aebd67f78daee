using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Providers;

/// <summary>
/// Ranges of addresses a provider leases: <c>203.0.113.7</c>, <c>203.0.113.8-203.0.113.15</c>, <c>203.0.113.16/28</c>, and the same in IPv6. Of a network every address counts, its first and last too: whether those
/// can be used is for the provider to know.
/// </summary>
public sealed class AddressRanges
{
    /// <summary>Ranges of one pool.</summary>
    public const int RangesMax = 64;

    /// <summary>Addresses of one pool.</summary>
    public const int AddressesMax = 4_096;

    private const int TextMax = 100;
    private readonly ImmutableArray<Range> _ranges;

    private AddressRanges(ImmutableArray<Range> ranges)
    {
        _ranges = ranges;
        Total = ranges.Sum(static r => (int)(r.Last - r.First + 1));
    }

    /// <summary>How many addresses.</summary>
    public int Total { get; }

    /// <summary>Reads ranges; <c>provider.addresses_invalid</c> with the range that is wrong, too large, or overlaps another.</summary>
    public static Result<AddressRanges> Parse(ImmutableArray<string> texts)
    {
        if (texts.IsDefault || texts.Length > RangesMax)
        {
            return Refusal.Of("provider.addresses_invalid", $"a pool has at most {RangesMax} ranges", ("max", RangesMax));
        }

        var ranges = new List<Range>(texts.Length);
        UInt128 total = 0;
        foreach (var text in texts)
        {
            if (text is not { Length: > 0 and <= TextMax } || Read(text) is not { } range || range.Last < range.First)
            {
                return Invalid(text, "write 203.0.113.7, 203.0.113.8-203.0.113.15 or 203.0.113.16/28");
            }

            if (range.Last - range.First >= AddressesMax || (total += range.Last - range.First + 1) > AddressesMax)
            {
                return Invalid(text, $"a pool has at most {AddressesMax} addresses");
            }

            if (ranges.Exists(r => r.V6 == range.V6 && r.First <= range.Last && range.First <= r.Last))
            {
                return Invalid(text, "it overlaps another range");
            }

            ranges.Add(range);
        }

        return new AddressRanges([.. ranges]);
    }

    /// <summary>Every address, ranges in the order given, each from its first on.</summary>
    public IEnumerable<string> All()
    {
        foreach (var range in _ranges)
        {
            for (var value = range.First; ; value++)
            {
                yield return Text(value, range.V6);
                if (value == range.Last)
                {
                    break;
                }
            }
        }
    }

    private static Range? Read(string text)
    {
        if (text.Split('-') is [var first, var last])
        {
            return Value(first) is { } a && Value(last) is { } b && a.V6 == b.V6 ? new Range(a.V6, a.Value, b.Value) : null;
        }

        if (text.Contains('/', StringComparison.Ordinal))
        {
            // Bits beyond the prefix are more likely a slip than a wish; the framework of today drops them.
            return IPNetwork.TryParse(text, out var network) && Value(text[..text.IndexOf('/', StringComparison.Ordinal)]) is { } start && start == Value(network.BaseAddress.ToString()) && (start.V6 ? 128 : 32) - network.PrefixLength is var bits and < 32
                ? new Range(start.V6, start.Value, start.Value + ((UInt128.One << bits) - 1))
                : null;
        }

        return Value(text) is { } one ? new Range(one.V6, one.Value, one.Value) : null;
    }

    private static (bool V6, UInt128 Value)? Value(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || (address.AddressFamily == AddressFamily.InterNetwork && text.Count(static c => c == '.') != 3) || address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 })
        {
            return null;
        }

        UInt128 value = 0;
        foreach (var part in address.GetAddressBytes())
        {
            value = (value << 8) | part;
        }

        return (address.AddressFamily == AddressFamily.InterNetworkV6, value);
    }

    private static string Text(UInt128 value, bool v6)
    {
        var bytes = new byte[v6 ? 16 : 4];
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = (byte)value;
            value >>= 8;
        }

        return new IPAddress(bytes).ToString();
    }

    private static Refusal Invalid(string? text, string why)
    {
        var shown = text is null ? "" : text.Length <= TextMax ? text : text[..TextMax];
        return Refusal.Of("provider.addresses_invalid", $"range {shown}: {why}", ("range", shown));
    }

    private readonly record struct Range(bool V6, UInt128 First, UInt128 Last);
}
