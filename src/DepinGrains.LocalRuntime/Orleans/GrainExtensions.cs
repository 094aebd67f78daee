using System.Globalization;
using DepinGrains.LocalRuntime;
using Orleans.Runtime;

namespace Orleans;

/// <summary>A grain's or a reference's identity and its other faces.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain as another of its interfaces.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) =>
        grain is TGrainInterface face and GrainReference ? face : GrainEngine.Of(grain).Factory.Reference<TGrainInterface>(GetGrainId(grain));

    /// <summary>Same as <see cref="AsReference{TGrainInterface}"/>.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => AsReference<TGrainInterface>(grain);

    /// <summary>The identity of a grain or of what a reference names.</summary>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase { GrainContext: { } context } => context.GrainId,
        null => throw new ArgumentNullException(nameof(grain)),
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a reference to one", nameof(grain)),
    };

    /// <summary>The key of a grain named by a number.</summary>
    public static long GetPrimaryKeyLong(this IAddressable grain)
    {
        var key = GetGrainId(grain).Key.ToString();
        return long.TryParse(key, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidOperationException($"{GetGrainId(grain)} has no integer key");
    }

    /// <summary>The key of a grain named by a GUID.</summary>
    public static Guid GetPrimaryKey(this IAddressable grain) =>
        Guid.TryParseExact(GetGrainId(grain).Key.ToString(), "N", out var value)
            ? value
            : throw new InvalidOperationException($"{GetGrainId(grain)} has no GUID key");

    /// <summary>The key of a grain named by a string.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => GetGrainId(grain).Key.ToString();
}
