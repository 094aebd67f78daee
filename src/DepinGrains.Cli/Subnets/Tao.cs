using System.Globalization;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets;

/// <summary>TAO as people write it: 9 decimals.</summary>
internal static class Tao
{
    private const decimal Rao = 1_000_000_000m;

    /// <summary>Rao of whole TAO; null stays null.</summary>
    public static long? Parse(string? tao) => tao is null ? null
        : decimal.TryParse(tao, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= long.MaxValue && value * Rao is var rao && rao == decimal.Truncate(rao) && rao is >= 0 and <= long.MaxValue ? (long)rao
        : throw new ApiException("amount.invalid", $"not an amount of TAO: {tao}");

    /// <summary>Rao for people.</summary>
    public static string Show(long rao) => (rao / Rao).ToString("0.#########", CultureInfo.InvariantCulture);

    /// <summary>A u16 as the share it stands for.</summary>
    public static string Share(int value) => (value / 65535m).ToString("0.00000", CultureInfo.InvariantCulture);
}
