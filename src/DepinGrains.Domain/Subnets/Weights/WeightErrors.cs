using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Weights;

/// <summary>Why weights were not taken. The fact <c>error</c> carries the name the chain's users know.</summary>
public static class WeightErrors
{
    /// <summary>The signer does not own the hotkey.</summary>
    public static Refusal NotOwner() => Of("not_owner", "NonAssociatedColdKey", "the signer does not own this hotkey");

    /// <summary>Lists of different lengths.</summary>
    public static Refusal NotEqualSize(int uids, int values) =>
        Of("vec_not_equal_size", "WeightVecNotEqualSize", $"{uids} uids but {values} values", ("uids", uids), ("values", values));

    /// <summary>No such subnet.</summary>
    public static Refusal NoSubnet() => Of("subnet_unknown", "NetworkDoesNotExist", "there is no such subnet");

    /// <summary>More weights than uids.</summary>
    public static Refusal TooManyUids(int uids, int count) => Of("too_many_uids", "TooManyUids", $"{uids} weights; the subnet has {count} uids", ("uids", uids), ("count", count));

    /// <summary>The hotkey has no uid here.</summary>
    public static Refusal NotRegistered() => Of("not_registered", "NotRegistered", "the hotkey is not registered in this subnet");

    /// <summary>Too little stake.</summary>
    public static Refusal NotEnoughStake(ulong stake, ulong least) =>
        Of("not_enough_stake", "NotEnoughStakeToSetWeights", $"stake {stake} rao; setting weights needs {least}", ("stake", stake), ("least", least));

    /// <summary>An older version of the validator's code.</summary>
    public static Refusal WrongVersion(ulong given, ulong least) =>
        Of("version_key", "IncorrectNetworkVersionKey", $"version key {given}; the subnet asks for {least} or newer: update the validator", ("given", given), ("least", least));

    /// <summary>Too soon.</summary>
    public static Refusal TooFast(ulong passed, ulong limit) =>
        Of("too_fast", "SettingWeightsTooFast", $"{passed} blocks since the last weights; wait {limit - passed} more (limit {limit})", ("passed", passed), ("limit", limit));

    /// <summary>No permit.</summary>
    public static Refusal NoPermit() => Of("no_permit", "NoValidatorPermit", "the hotkey holds no validator permit: permits go to the largest stakes at each epoch");

    /// <summary>A uid twice.</summary>
    public static Refusal Duplicate(int uid) => Of("duplicate_uids", "DuplicateUids", $"uid {uid} is listed twice", ("uid", uid));

    /// <summary>A uid the subnet does not have.</summary>
    public static Refusal InvalidUid(int uid, int count) => Of("invalid_uid", "InvalidUid", $"uid {uid}; the subnet has uids below {count}", ("uid", uid), ("count", count));

    /// <summary>Too few.</summary>
    public static Refusal TooFew(int uids, int least) => Of("too_few", "NotSettingEnoughWeights", $"{uids} weights; at least {least}", ("uids", uids), ("least", least));

    /// <summary>One weight too large.</summary>
    public static Refusal MaxExceeded(ushort limit) =>
        Of("max_exceeded", "MaxWeightExceeded", $"one weight is more than {limit}/65535 of the sum", ("limit", limit));

    /// <summary>The subnet takes weights only by commit and reveal.</summary>
    public static Refusal CommitRevealOn() => Of("commit_reveal_on", "CommitRevealEnabled", "this subnet takes weights by commit and reveal: commit first");

    /// <summary>Too many commits waiting.</summary>
    public static Refusal TooManyCommits(int open) => Of("too_many_commits", "TooManyUnrevealedCommits", $"{open} commits wait for their reveal", ("open", open));

    /// <summary>Nothing was committed with this hash.</summary>
    public static Refusal NoCommit() => Of("no_commit", "InvalidRevealCommitHashNotMatch", "no open commit has this hash: hotkey, subnet, uids, values, salt and version must be those committed");

    /// <summary>Before the reveal's epoch.</summary>
    public static Refusal RevealTooEarly(ulong epoch, ulong due) => Of("reveal_too_early", "RevealTooEarly", $"epoch {epoch}; reveal in epoch {due}", ("epoch", epoch), ("due", due));

    /// <summary>After the reveal's epoch.</summary>
    public static Refusal RevealExpired(ulong epoch, ulong due) => Of("reveal_expired", "ExpiredWeightCommit", $"epoch {epoch}; the reveal was due in epoch {due}", ("epoch", epoch), ("due", due));

    private static Refusal Of(string rule, string name, string detail, params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        (string Name, object? Value)[] all = [("error", name), .. facts];
        return Refusal.Of($"weights.{rule}", detail, all);
    }
}
