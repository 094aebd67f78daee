using DepinGrains.Contracts.Common;

namespace DepinGrains.Grains.State;

/// <summary>Changes that insist on the version their caller read.</summary>
internal static class Versions
{
    /// <summary><c>request.version_mismatch</c> with both versions when a change insists on another version than the row has; null: go on.</summary>
    public static Refusal? Mismatch(long? expected, long version) =>
        expected is { } wanted && wanted != version
            ? Refusal.Of("request.version_mismatch", $"This is at version {version}, not {wanted}: it was changed since you read it.", ("version", version), ("expected", wanted))
            : null;
}
