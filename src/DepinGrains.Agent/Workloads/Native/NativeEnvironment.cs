using System.Globalization;
using System.Text.RegularExpressions;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>The whole environment of a native process: nothing of the agent's gets in.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>
    /// <c>PATH HOME DEPIN_LEASE DEPIN_SERVICE DEPIN_REPLICA DEPIN_BIND</c>, <c>PORT</c> (host port of the first port) and <c>DEPIN_PORT_{container port}</c> for each;
    /// <see cref="WorkloadAddresses.Variables"/>; without a mount namespace <c>DEPIN_VOLUME_{NAME}</c> tells where volumes are. The tenant's own variables go over those.
    /// </summary>
    public static Dictionary<string, string> Build(
        WorkloadSpec spec, NativeOptions options, string home, IEnumerable<((string Host, string Inside, bool ReadOnly) Mount, VolumeMount Volume)> volumes)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
            ["HOME"] = home,
            ["LANG"] = "C.UTF-8",
            ["DEPIN_LEASE"] = spec.LeaseId,
            ["DEPIN_SERVICE"] = spec.Service,
            ["DEPIN_REPLICA"] = spec.Replica.ToString(CultureInfo.InvariantCulture),
            ["DEPIN_BIND"] = Bind(spec, options),
        };
        if (spec.Image == NativePrograms.ImagePrefix + NativePrograms.Hello)
        {
            // A sample must stay small: no diagnostics server, no second heap.
            environment["DOTNET_EnableDiagnostics"] = "0";
            environment["DOTNET_gcServer"] = "0";
            environment["DOTNET_TieredPGO"] = "0";
        }

        if (!spec.Ports.IsEmpty)
        {
            environment["PORT"] = spec.Ports[0].HostPort.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var port in spec.Ports)
        {
            environment[string.Create(CultureInfo.InvariantCulture, $"DEPIN_PORT_{port.ContainerPort}")] = port.HostPort.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (mount, volume) in volumes)
        {
            environment["DEPIN_VOLUME_" + NameOf(volume.Name)] = mount.Host;
        }

        if (spec.GpuUuids.Length > 0)
        {
            environment["CUDA_VISIBLE_DEVICES"] = environment["NVIDIA_VISIBLE_DEVICES"] = string.Join(',', spec.GpuUuids);
        }

        foreach (var variable in spec.Env)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? variable : variable[..equals];
            if (!ShellName().IsMatch(name))
            {
                throw new WorkloadException($"variable '{name}' has a name that a native process cannot have", permanent: true);
            }

            environment[name] = equals < 0 ? "" : variable[(equals + 1)..];
        }

        return environment;
    }

    /// <summary>A name of the SDL as a part of a variable's: capitals, digits, underscores.</summary>
    public static string NameOf(string name) => NotWord().Replace(name, "_").ToUpperInvariant();

    /// <summary>Where its ports are to answer: loopback when all are for other services only.</summary>
    public static string Bind(WorkloadSpec spec, NativeOptions options) => !spec.Ports.IsEmpty && spec.Ports.All(static p => p.Local) ? "127.0.0.1" : options.BindAddress;

    /// <summary>Device files of the lease's GPUs; none of the others'.</summary>
    public static IReadOnlyList<string> Devices(WorkloadSpec spec, IReadOnlyList<GpuDevice> gpus)
    {
        if (spec.GpuUuids.IsEmpty)
        {
            return [];
        }

        var devices = new List<string> { "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset" };
        for (var i = 0; i < gpus.Count; i++)
        {
            if (spec.GpuUuids.Contains(gpus[i].Uuid))
            {
                devices.Add(string.Create(CultureInfo.InvariantCulture, $"/dev/nvidia{i}"));
            }
        }

        return devices;
    }

    [GeneratedRegex("[^A-Za-z0-9]")]
    private static partial Regex NotWord();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex ShellName();
}
