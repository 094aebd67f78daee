using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads;

/// <summary>The agent trusts no spec: everything that becomes an argument, a path or a line of a file is looked at here, before any executor sees it.</summary>
internal static partial class SpecCheck
{
    private const int ItemsMax = 1_024;
    private const int TextMax = 128 << 10;

    /// <summary>Missing lists become empty ones (JSON may leave them out).</summary>
    public static WorkloadSpec Normalise(WorkloadSpec s) => s with
    {
        Command = OrEmpty(s.Command),
        Args = OrEmpty(s.Args),
        Env = OrEmpty(s.Env),
        GpuUuids = OrEmpty(s.GpuUuids),
        Ports = OrEmpty(s.Ports),
        Volumes = OrEmpty(s.Volumes),
    };

    /// <summary>The same for equal specs: 128 bits of SHA-256 over the spec's JSON.</summary>
    public static string Fingerprint(WorkloadSpec spec) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(spec, AgentProtocolJson.Options)).AsSpan(0, 16));

    /// <summary>Null when the spec may be run, else what is wrong with it.</summary>
    public static string? Fault(WorkloadSpec s)
    {
        if (string.IsNullOrWhiteSpace(s.Id) || s.Id.Length > 512 || string.IsNullOrWhiteSpace(s.LeaseId) || s.LeaseId.Length > 256)
        {
            return "the workload's or the lease's id is empty or too long";
        }

        if (!ImageName().IsMatch(s.Image ?? ""))
        {
            return "the image's name has characters that no image name has";
        }

        if (string.IsNullOrEmpty(s.Service) || s.Service.Length > 63 || !ServiceName().IsMatch(s.Service))
        {
            return "the service's name is not one";
        }

        if (s.CpuMilli < 0 || s.MemoryBytes < 0 || s.StorageBytes < 0)
        {
            return "a resource is negative";
        }

        return Texts(s) ?? Env(s) ?? Ports(s) ?? Volumes(s);
    }

    private static string? Texts(WorkloadSpec s)
    {
        var texts = s.Command.Concat(s.Args).Concat(s.Env).ToList();
        return texts.Count > ItemsMax ? $"more than {ItemsMax} arguments and variables"
            : texts.Exists(t => t is null || t.Contains('\0', StringComparison.Ordinal)) ? "an argument or variable holds a NUL"
            : texts.Sum(t => (long)t.Length) > TextMax ? $"arguments and variables are longer than {TextMax} characters"
            : s.GpuUuids.Any(g => !GpuId().IsMatch(g ?? "")) ? "a GPU's id is not one"
            : null;
    }

    private static string? Env(WorkloadSpec s)
    {
        foreach (var variable in s.Env)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            if (!VariableName().IsMatch(equals < 0 ? variable : variable[..equals]))
            {
                return "a variable's name is not one";
            }
        }

        return null;
    }

    private static string? Ports(WorkloadSpec s)
    {
        foreach (var port in s.Ports)
        {
            if (port.ContainerPort is < 1 or > 65_535 || port.HostPort is < 1 or > 65_535 || !(port.Protocol is null or "" || port.Protocol.ToLowerInvariant() is "tcp" or "udp"))
            {
                return string.Create(CultureInfo.InvariantCulture, $"port {port.HostPort}:{port.ContainerPort}/{port.Protocol} cannot be");
            }
        }

        return null;
    }

    private static string? Volumes(WorkloadSpec s)
    {
        foreach (var volume in s.Volumes)
        {
            if (volume is null || string.IsNullOrEmpty(volume.Name) || volume.Name.Length > 128 || volume.Bytes < 0)
            {
                return "a volume has no name or a negative size";
            }

            var path = volume.MountPath ?? "";
            if (!MountPath().IsMatch(path) || path.Split('/').Contains("..") || path.Trim('/').Length == 0)
            {
                return $"volume '{volume.Name}' cannot be mounted at '{path}'";
            }
        }

        return null;
    }

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> list) => list.IsDefault ? [] : list;

    // Never starts with '-', so it cannot be taken for an option.
    [GeneratedRegex(@"^(native:[A-Za-z0-9/._+-]{1,200}|[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,511})$")]
    private static partial Regex ImageName();

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    private static partial Regex ServiceName();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.-]{0,255}$")]
    private static partial Regex VariableName();

    [GeneratedRegex("^[A-Za-z0-9-]{1,80}$")]
    private static partial Regex GpuId();

    // No ':' or ',', which separate the parts of a mount on the command line.
    [GeneratedRegex(@"^/[A-Za-z0-9._/ +@-]{1,255}$")]
    private static partial Regex MountPath();
}
