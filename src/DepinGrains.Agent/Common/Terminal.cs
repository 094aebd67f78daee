using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepinGrains.Agent.Common;

/// <summary>
/// A pseudo terminal (Linux). This process holds the master end; a program wrapped by <see cref="Attach"/> gets the other end as input, output, errors and controlling terminal,
/// so that line editing, job control and full-screen programs work.
/// </summary>
internal sealed unsafe partial class Terminal : IDisposable
{
    /// <summary>Most columns or rows.</summary>
    public const int SizeMax = 1_000;

    private const int ReadWriteNoControlCloseOnExec = 0x2 | 0x100 | 0x80000;
    private const nuint SetWindowSize = 0x5414;

    // An agent started in the background ignores Ctrl-C, and its children would inherit that: where env can undo it, it does.
    private const string Script = """
        if env --default-signal true 2>/dev/null; then set -- env --default-signal "$@"; fi
        exec setsid --ctty --wait "$@" <"$0" >"$0" 2>&1
        """;

    private readonly SafeFileHandle _master;

    private Terminal(SafeFileHandle master, string path) => (_master, Path, Stream) = (master, path, new FileStream(master, FileAccess.ReadWrite, bufferSize: 0, isAsync: false));

    /// <summary>The program's end, <c>/dev/pts/N</c>.</summary>
    public string Path { get; }

    /// <summary>What the program writes; what it reads. Reading fails with an <see cref="IOException"/> once the program's end is closed.</summary>
    public FileStream Stream { get; }

    /// <summary>A new terminal, or null where the system gives none: shells then run on pipes.</summary>
    public static Terminal? TryOpen(int columns, int rows)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var handle = new SafeFileHandle(OpenMaster(ReadWriteNoControlCloseOnExec), ownsHandle: true);
        var name = stackalloc byte[128];
        if (handle.IsInvalid || Grant(handle) != 0 || Unlock(handle) != 0 || NameOf(handle, name, 128) != 0)
        {
            handle.Dispose();
            return null;
        }

        var terminal = new Terminal(handle, Marshal.PtrToStringUTF8((nint)name)!);
        terminal.Resize(columns, rows);
        return terminal;
    }

    /// <summary>Tells the program's end its size; programs hear of it by SIGWINCH.</summary>
    public void Resize(int columns, int rows)
    {
        var size = stackalloc ushort[4] { (ushort)Math.Clamp(rows, 1, SizeMax), (ushort)Math.Clamp(columns, 1, SizeMax), 0, 0 };
        _ = Control(_master, SetWindowSize, size);
    }

    /// <summary>Makes a start information run its program in a session of its own on the terminal at <paramref name="path"/>.</summary>
    public static void Attach(ProcessStartInfo info, string path)
    {
        List<string> line = [info.FileName, .. info.ArgumentList];
        info.FileName = "/bin/sh";
        info.ArgumentList.Clear();
        foreach (var argument in (string[])["-c", Script, path, .. line])
        {
            info.ArgumentList.Add(argument);
        }

        info.Environment["TERM"] = "xterm-256color";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        _master.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"terminal {Path}");

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int Grant(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int Unlock(SafeFileHandle master);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int NameOf(SafeFileHandle master, byte* name, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle master, nuint request, ushort* size);
}
