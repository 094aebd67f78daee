using System.Runtime.InteropServices;

namespace DepinGrains.Agent.Common;

/// <summary>The system calls .NET does not wrap.</summary>
internal static partial class Libc
{
    public const int SigTerm = 15;
    public const int SigKill = 9;

    /// <summary>True when this process is root on a Unix system.</summary>
    public static bool IsRoot => !OperatingSystem.IsWindows() && EffectiveUser() == 0;

    /// <summary>Sends a signal; false when the process is gone or not ours.</summary>
    public static bool Signal(int pid, int signal) => pid > 1 && Kill(pid, signal) == 0;

    /// <summary>Gives a file or folder to a user and a group of the same number.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Own(string path, int user)
    {
        if (ChangeOwner(path, (uint)user, (uint)user) != 0)
        {
            throw new IOException($"chown {user} '{path}' failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Lets others of the machine go first, on Linux the calling thread alone. Best effort.</summary>
    public static void Nice(int level)
    {
        if (OperatingSystem.IsLinux() && level > 0)
        {
            _ = SetPriority(0, 0, level);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int level);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    // lchown: a link that a tenant planted in a volume must not redirect the change.
    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
