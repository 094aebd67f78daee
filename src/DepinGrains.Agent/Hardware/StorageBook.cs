using System.Text.Json;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Hardware;

/// <summary>What a folder's file system has, bytes.</summary>
/// <param name="FreeBytes">What the agent's user may still write.</param>
/// <param name="TotalBytes">The whole of it; 0: it cannot be read.</param>
internal readonly record struct DiskSpace(long FreeBytes, long TotalBytes)
{
    /// <summary>Looks; all 0 when the folder cannot be reached.</summary>
    public static DiskSpace Of(string path)
    {
        try
        {
            // Before the first start the folder is not there yet; its file system is.
            var folder = Path.GetFullPath(path);
            while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
            {
                folder = parent;
            }

            var drive = new DriveInfo(folder);
            return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return default;
        }
    }
}

/// <summary>
/// How much storage each class has room for, remembered over restarts. Not what is free at the moment: what tenants write into space they booked, and the images pulled for them, must not
/// count against their own bookings. A class is measured once (free space and what volumes hold already), grows when more is free than that, and is measured again when its folder moves or
/// its file system has another size. An owner who wants to offer less says so in the options.
/// </summary>
/// <param name="file">Where it is remembered.</param>
/// <param name="remember">False: read only.</param>
/// <param name="look">Asks a folder's file system; tests have their own.</param>
internal sealed class StorageBook(string file, bool remember, Func<string, DiskSpace> look)
{
    private readonly Dictionary<string, Entry> _entries = Read(file);

    /// <summary>Bytes the class has room for.</summary>
    /// <param name="storageClass">Name of the class.</param>
    /// <param name="path">Folder that holds it.</param>
    /// <param name="volumes">Folder of its volumes; what they hold was free before.</param>
    public long Room(string storageClass, string path, string volumes)
    {
        var (folder, disk) = (Path.GetFullPath(path), look(path));
        var known = _entries.GetValueOrDefault(storageClass);
        if (known is not null && known.Folder == folder && (known.TotalBytes == disk.TotalBytes || disk.TotalBytes == 0))
        {
            return known.RoomBytes >= disk.FreeBytes ? known.RoomBytes : Keep(storageClass, known with { RoomBytes = disk.FreeBytes });
        }

        // Never more than is taken on that file system: a tenant's file with holes is longer than what it takes.
        var own = Math.Min(VolumeStore.Size(volumes, long.MaxValue, CancellationToken.None), Math.Max(0, disk.TotalBytes - disk.FreeBytes));
        return Keep(storageClass, new Entry(folder, disk.TotalBytes, disk.FreeBytes + own));
    }

    private long Keep(string storageClass, Entry entry)
    {
        _entries[storageClass] = entry;
        if (remember)
        {
            AgentPaths.WriteAtomically(file, JsonSerializer.SerializeToUtf8Bytes(_entries, AgentProtocolJson.Options));
        }

        return entry.RoomBytes;
    }

    private static Dictionary<string, Entry> Read(string file)
    {
        try
        {
            return File.Exists(file)
                ? JsonSerializer.Deserialize<Dictionary<string, Entry>>(File.ReadAllBytes(file), AgentProtocolJson.Options) ?? []
                : [];
        }
        catch (Exception e) when (e is JsonException or UnauthorizedAccessException)
        {
            // Damaged by a disk, or another user's: measured again.
            return [];
        }
    }

    /// <summary>What is remembered of a class.</summary>
    internal sealed record Entry(string Folder, long TotalBytes, long RoomBytes);
}
