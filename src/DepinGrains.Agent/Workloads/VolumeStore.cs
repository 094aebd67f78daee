using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads;

/// <summary>Folders of volumes: one per lease, in it one per workload and volume. They go with the lease.</summary>
internal sealed class VolumeStore(AgentPaths paths, ResourceOptions resources)
{
    private const int EntriesMax = 200_000;

    /// <summary>Where a volume lies on the host.</summary>
    public string PathOf(WorkloadSpec spec, VolumeMount volume) =>
        Path.Combine(RootOf(volume.Class), SafeKey.Of(spec.LeaseId), SafeKey.Of($"{spec.Service}/{spec.Replica}/{volume.Name}"));

    /// <summary>The workload's own folder, emptied at every start.</summary>
    public string HomeOf(WorkloadSpec spec) => Path.Combine(paths.VolumesOf(spec.LeaseId), SafeKey.Of($"{spec.Service}/{spec.Replica}") + ".home");

    /// <summary>Makes the folders; a volume that is not persistent starts empty.</summary>
    /// <param name="spec">The workload.</param>
    /// <param name="user">Owner; null: the agent's own user.</param>
    public IReadOnlyList<(string Host, string Inside, bool ReadOnly)> Prepare(WorkloadSpec spec, int? user)
    {
        var mounts = new List<(string, string, bool)>();
        foreach (var volume in spec.Volumes.Where(v => v.Class != "ram"))
        {
            var path = PathOf(spec, volume);
            Make(path, user, empty: !volume.Persistent);
            mounts.Add((path, volume.MountPath, volume.ReadOnly));
        }

        return mounts;
    }

    /// <summary>Makes and empties the workload's own folder.</summary>
    public string PrepareHome(WorkloadSpec spec, int? user)
    {
        var home = HomeOf(spec);
        Make(home, user, empty: true);
        return home;
    }

    /// <summary>The first volume that holds more than was ordered, with what it holds; null: all fit. Kernels limit folders only with quotas that few machines have, so this is looked at now and then.</summary>
    public (VolumeMount Volume, long Bytes)? FindOverfull(WorkloadSpec spec, CancellationToken cancellationToken)
    {
        foreach (var volume in spec.Volumes.Where(v => v.Bytes > 0 && v.Class != "ram"))
        {
            var bytes = Size(PathOf(spec, volume), volume.Bytes, cancellationToken);
            if (bytes > volume.Bytes)
            {
                return (volume, bytes);
            }
        }

        return null;
    }

    /// <summary>Bytes in the workload's own folder.</summary>
    public long HomeBytes(WorkloadSpec spec, long enough, CancellationToken cancellationToken) => Size(HomeOf(spec), enough, cancellationToken);

    /// <summary>Bytes free where volumes lie, of the fullest disk among them.</summary>
    public long FreeBytes()
    {
        var free = long.MaxValue;
        foreach (var root in resources.StorageClasses.Keys.Select(RootOf).Append(paths.Volumes).Distinct().Where(Directory.Exists))
        {
            try
            {
                free = Math.Min(free, new DriveInfo(root).AvailableFreeSpace);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A disk that was taken out says nothing about the others.
            }
        }

        return free;
    }

    /// <summary>Everything of a lease.</summary>
    public void DeleteLease(string leaseId)
    {
        foreach (var root in resources.StorageClasses.Keys.Select(RootOf).Append(paths.Volumes).Distinct())
        {
            var folder = Path.Combine(root, SafeKey.Of(leaseId));
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>Folder of a class's volumes.</summary>
    public string RootOf(string storageClass) =>
        resources.StorageClasses.TryGetValue(storageClass, out var path) ? Path.Combine(path, "depin-volumes") : paths.Volumes;

    private static void Make(string path, int? user, bool empty)
    {
        if (empty && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        AgentPaths.MakePassable(Path.GetDirectoryName(path)!);
        if (!Directory.Exists(path))
        {
            if (user is { } owner)
            {
                AgentPaths.MakePrivate(path);
                Libc.Own(path, owner);
            }
            else
            {
                Directory.CreateDirectory(path);
                if (Libc.IsRoot && !OperatingSystem.IsWindows())
                {
                    // For a container, whose image chooses its own user.
                    File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
                }
            }
        }
    }

    /// <summary>Bytes in a folder; stops counting above <paramref name="enough"/> or after very many files.</summary>
    public static long Size(string folder, long enough, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return 0;
        }

        long bytes = 0;
        var entries = 0;
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                bytes += file.Length;
            }
            catch (IOException)
            {
                // Gone since it was listed.
            }

            if (bytes > enough || ++entries > EntriesMax)
            {
                break;
            }
        }

        return bytes;
    }
}
