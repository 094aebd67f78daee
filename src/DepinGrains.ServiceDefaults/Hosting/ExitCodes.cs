namespace DepinGrains.ServiceDefaults.Hosting;

/// <summary>How a host's process ends, after sysexits.h.</summary>
public static class ExitCodes
{
    /// <summary>It was told to stop and did.</summary>
    public const int Done = 0;

    /// <summary>The store cannot be reached or is still to be migrated, or an address is taken: try again later.</summary>
    public const int CannotStart = 74;

    /// <summary>A setting cannot be, or this build cannot do it: a person must change something.</summary>
    public const int Configuration = 78;
}
