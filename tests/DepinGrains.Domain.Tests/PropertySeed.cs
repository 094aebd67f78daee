using System.Globalization;
using FsCheck;

namespace DepinGrains.Domain.Tests;

/// <summary>Seeds of random properties: the same in every run, so that a red test is a change's; <c>DEPIN_PROPERTY_SEED</c> (a number, or <c>random</c>) looks elsewhere. A failure prints its seed.</summary>
internal static class PropertySeed
{
    /// <summary>Throws on failure.</summary>
    public static Config Config => Environment.GetEnvironmentVariable("DEPIN_PROPERTY_SEED") switch
    {
        null or "" => FsCheck.Config.QuickThrowOnFailure.WithReplay(1, 1),
        "random" => FsCheck.Config.QuickThrowOnFailure,
        var seed => FsCheck.Config.QuickThrowOnFailure.WithReplay(ulong.Parse(seed, CultureInfo.InvariantCulture), 1),
    };
}
