using System.Runtime.InteropServices;

namespace DepinGrains.Cli.Leases;

/// <summary>
/// The terminal in raw mode, so that every key (Ctrl-C, too) reaches the remote program; disposing puts it back. Linux and macOS; elsewhere there is none and input goes line by line.
/// The settings are handled as opaque bytes by the C library's own functions, so their layout, which differs between systems, does not matter here.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed unsafe partial class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private const int AtOnce = 0;
    private const int SettingsBytesMax = 512;

    private readonly byte[] _before;
    private readonly PosixSignalRegistration _resize;

    private RawTerminal(byte[] before)
    {
        _before = before;
        _resize = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resized?.Invoke(Columns, Rows));
    }

    /// <summary>Width now.</summary>
    public static int Columns => Math.Clamp(Console.WindowWidth, 1, 1_000);

    /// <summary>Height now.</summary>
    public static int Rows => Math.Clamp(Console.WindowHeight, 1, 1_000);

    /// <summary>Called when the window's size has changed.</summary>
    public Action<int, int>? Resized { get; set; }

    /// <summary>Enters raw mode; null when standard input is no terminal.</summary>
    public static RawTerminal? TryEnter()
    {
        var before = new byte[SettingsBytesMax];
        var raw = new byte[SettingsBytesMax];
        fixed (byte* old = before, settings = raw)
        {
            if (Get(StandardInput, old) != 0)
            {
                return null;
            }

            before.CopyTo(raw, 0);
            MakeRaw(settings);
            return Set(StandardInput, AtOnce, settings) == 0 ? new RawTerminal(before) : null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _resize.Dispose();
        fixed (byte* old = _before)
        {
            _ = Set(StandardInput, AtOnce, old);
        }
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int Get(int descriptor, byte* settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int Set(int descriptor, int when, byte* settings);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* settings);
}
