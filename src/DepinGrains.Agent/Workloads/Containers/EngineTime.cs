using System.Globalization;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>RFC 3339 with nanoseconds (<c>2026-11-22T16:30:49.123456789Z</c>, or an offset), as engines write it.</summary>
internal static class EngineTime
{
    /// <summary>Nanoseconds since 1970.</summary>
    public static bool TryParse(string text, out long nanos)
    {
        nanos = 0;
        if (text.Length is < 20 or > 40 || text[4] != '-' || text[10] != 'T')
        {
            return false;
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var end = dot < 0 ? 19 : dot + 1;
        while (dot >= 0 && end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        var fraction = dot < 0 ? "" : text[(dot + 1)..end];
        if (fraction.Length > 9
            || !DateTimeOffset.TryParse(text[..19] + text[end..], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var whole)
            || whole.Year is < 1970 or > 2200)
        {
            return false;
        }

        nanos = (whole.ToUnixTimeSeconds() * 1_000_000_000) + (fraction.Length == 0 ? 0 : long.Parse(fraction.PadRight(9, '0'), CultureInfo.InvariantCulture));
        return true;
    }
}
