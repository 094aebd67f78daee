using DepinGrains.Contracts.Identities;

namespace DepinGrains.Cli.Common;

/// <summary>
/// Which identity a key file speaks for. A key that founded its identity needs no telling: the id derives from it. For one that was added or rotated in later, the id stands in the file
/// <c>KEY.identity</c> beside it, written by the command that added it.
/// </summary>
internal static class KeyOwner
{
    private const string Ending = ".identity";
    private const int LengthMax = 100;

    /// <summary>The identity that is named by an option, else by the file; null: neither.</summary>
    /// <exception cref="ApiException">What is named is no identity.</exception>
    public static string? Find(string? named, string keyFile)
    {
        var (id, from) = !string.IsNullOrEmpty(named) ? (named, "--identity") : (Read(keyFile + Ending), keyFile + Ending);
        return id is null || IdentityIds.IsIdentity(id) ? id : throw new ApiException("cli.identity_invalid", $"'{id}' (from {from}) is no identity; it reads id_…");
    }

    /// <summary>Writes down whose the key is; what stood there before, null: nothing.</summary>
    public static string? Remember(string keyFile, string identity)
    {
        var before = Read(keyFile + Ending);
        File.WriteAllText(keyFile + Ending, identity + "\n");
        return before;
    }

    /// <summary>Puts back what stood there before.</summary>
    public static void Restore(string keyFile, string? before)
    {
        if (before is null)
        {
            File.Delete(keyFile + Ending);
        }
        else
        {
            File.WriteAllText(keyFile + Ending, before + "\n");
        }
    }

    private static string? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var text = File.ReadAllText(path).Trim();
        return text.Length > LengthMax ? text[..LengthMax] : text;
    }
}
