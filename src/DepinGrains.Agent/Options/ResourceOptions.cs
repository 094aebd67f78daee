namespace DepinGrains.Agent.Options;

/// <summary>What the owner keeps back and what is offered beside the detected.</summary>
public sealed class ResourceOptions
{
    /// <summary>Thousandths of a core not offered.</summary>
    public long ReservedCpuMilli { get; set; }

    /// <summary>Memory not offered, bytes.</summary>
    public long ReservedMemoryBytes { get; set; }

    /// <summary>Disk not offered on the work folder's file system, bytes.</summary>
    public long ReservedStorageBytes { get; set; }

    /// <summary>At most this much CPU is offered; 0: all. For several agents on one machine.</summary>
    public long MaxCpuMilli { get; set; }

    /// <summary>At most this much memory is offered; 0: all.</summary>
    public long MaxMemoryBytes { get; set; }

    /// <summary>At most this much ephemeral storage is offered; 0: all.</summary>
    public long MaxStorageBytes { get; set; }

    /// <summary>Lowest host port for workloads. Where this and <see cref="PortMax"/> are left alone, each agent of a machine takes a quarter of the range for itself.</summary>
    public int PortMin { get; set; } = 30_000;

    /// <summary>Highest host port for workloads.</summary>
    public int PortMax { get; set; } = 32_767;

    /// <summary>False: GPUs are not looked for.</summary>
    public bool DetectGpus { get; set; } = true;

    /// <summary>Persistent storage classes (<c>beta1</c>, <c>beta2</c>, <c>beta3</c>) by the folder that holds them; capacity is what was free on its file system at first, and is remembered.</summary>
    public IDictionary<string, string> StorageClasses { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
