using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Agent.Workloads.Containers;
using Microsoft.Extensions.Options;

namespace DepinGrains.Agent.Options;

/// <summary>Checks <see cref="AgentOptions"/>; every fault is named, not only the first.</summary>
public sealed class AgentOptionsValidator : IValidateOptions<AgentOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AgentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();
        Gateways(options, faults);
        Require(faults, !string.IsNullOrWhiteSpace(options.WorkDirectory), "WorkDirectory is empty");
        Resources(options.Resources, faults);
        Workloads(options, faults);
        Native(options.Native, faults);
        Benchmarks(options.Benchmarks, faults);
        Tunnels(options.Tunnels, faults);
        Between(faults, "Management.Port", options.Management.Port, 0, 65_535);
        Require(faults, IPAddress.TryParse(options.Management.Address, out _), $"Management.Address '{options.Management.Address}' is not an IP address");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <summary>Throws <see cref="OptionsValidationException"/> with every fault.</summary>
    public static void ThrowIfInvalid(AgentOptions options)
    {
        var result = new AgentOptionsValidator().Validate(null, options);
        if (result.Failed)
        {
            throw new OptionsValidationException(nameof(AgentOptions), typeof(AgentOptions), result.Failures);
        }
    }

    private static void Gateways(AgentOptions options, List<string> faults)
    {
        Require(faults, options.Gateways.Count > 0 || options.GatewaySource is not null, "no gateway is named (Gateways)");
        foreach (var gateway in options.Gateways)
        {
            var ok = Uri.TryCreate(gateway, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "ws" or "wss" && uri.UserInfo.Length == 0;
            Require(faults, ok, $"gateway '{gateway}' is not an http(s):// or ws(s):// address");
        }

        var c = options.Connection;
        Between(faults, "Connection.BackOffMin", c.BackOffMin, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Between(faults, "Connection.BackOffMax", c.BackOffMax, c.BackOffMin, TimeSpan.FromHours(1));
        Between(faults, "Connection.HandshakeTimeout", c.HandshakeTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        Between(faults, "Connection.SendTimeout", c.SendTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5));
        Between(faults, "Connection.ReportRetry", c.ReportRetry, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(10));
        Between(faults, "Connection.SilentIntervalsMax", c.SilentIntervalsMax, 1, 100);
        Between(faults, "Connection.ReportBatchMax", c.ReportBatchMax, 1, 1_000);
        Between(faults, "Connection.StreamsMax", c.StreamsMax, 1, 10_000);
    }

    private static void Resources(ResourceOptions r, List<string> faults)
    {
        Between(faults, "Resources.PortMin", r.PortMin, 1, 65_535);
        Between(faults, "Resources.PortMax", r.PortMax, r.PortMin, 65_535);
        foreach (var (name, value) in new[]
        {
            ("ReservedCpuMilli", r.ReservedCpuMilli), ("ReservedMemoryBytes", r.ReservedMemoryBytes), ("ReservedStorageBytes", r.ReservedStorageBytes),
            ("MaxCpuMilli", r.MaxCpuMilli), ("MaxMemoryBytes", r.MaxMemoryBytes), ("MaxStorageBytes", r.MaxStorageBytes),
        })
        {
            Between(faults, "Resources." + name, value, 0, long.MaxValue / 4);
        }

        foreach (var (storageClass, path) in r.StorageClasses)
        {
            Require(faults, storageClass is "beta1" or "beta2" or "beta3", $"Resources.StorageClasses: '{storageClass}' is not beta1, beta2 or beta3");
            Require(faults, Path.IsPathRooted(path), $"Resources.StorageClasses: '{path}' is not an absolute path");
        }
    }

    private static void Workloads(AgentOptions options, List<string> faults)
    {
        var w = options.Workloads;
        Between(faults, "Workloads.WorkloadsMax", w.WorkloadsMax, 1, 100_000);
        Between(faults, "Workloads.ObserveInterval", w.ObserveInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5));
        Between(faults, "Workloads.UsageInterval", w.UsageInterval, TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1));
        Between(faults, "Workloads.BackOffMin", w.BackOffMin, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        Between(faults, "Workloads.BackOffMax", w.BackOffMax, w.BackOffMin, TimeSpan.FromHours(24));
        Between(faults, "Workloads.BackOffReset", w.BackOffReset, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(24));
        Between(faults, "Workloads.StopGrace", w.StopGrace, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Between(faults, "Workloads.VolumeCheckInterval", w.VolumeCheckInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        Between(faults, "Logs.FileBytes", options.Logs.FileBytes, 4_096, 1L << 30);
        Between(faults, "Logs.Files", options.Logs.Files, 2, 1_000);
        Between(faults, "Logs.LineBytes", options.Logs.LineBytes, 64, 256 << 10);
        Between(faults, "Logs.RawBytes", options.Logs.RawBytes, 64 << 10, 16L << 30);
        Between(faults, "Logs.BatchLines", options.Logs.BatchLines, 1, 10_000);
        Between(faults, "Logs.PollInterval", options.Logs.PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Between(faults, "Containers.PullTimeout", options.Containers.PullTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(12));
        Between(faults, "Containers.CommandTimeout", options.Containers.CommandTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Between(faults, "Containers.PidsLimit", options.Containers.PidsLimit, 1, 1_000_000);
        Require(
            faults,
            IPNetwork.TryParse(options.Containers.NetworkPool, out var pool) && pool.BaseAddress.AddressFamily == AddressFamily.InterNetwork && pool.PrefixLength is >= 8 and <= LeaseSubnets.PrefixLength,
            $"Containers.NetworkPool '{options.Containers.NetworkPool}' is not an IPv4 network of /8 to /{LeaseSubnets.PrefixLength}");
        Require(faults, IPAddress.TryParse(options.Containers.PublishAddress, out _), $"Containers.PublishAddress '{options.Containers.PublishAddress}' is not an IP address");
    }

    private static void Native(NativeOptions n, List<string> faults)
    {
        Require(faults, IPAddress.TryParse(n.BindAddress, out _), $"Native.BindAddress '{n.BindAddress}' is not an IP address");
        Between(faults, "Native.UserIdBase", n.UserIdBase, 1_000, int.MaxValue / 2);
        Between(faults, "Native.UserIdCount", n.UserIdCount, 1, 1_000_000);
        Between(faults, "Native.ProcessLimit", n.ProcessLimit, 8, 1_000_000);
        Between(faults, "Native.OpenFileLimit", n.OpenFileLimit, 32, 1_000_000);
        foreach (var (program, path) in n.AllowedPrograms)
        {
            Require(faults, Path.IsPathRooted(path), $"Native.AllowedPrograms: '{program}' must name an absolute path, not '{path}'");
        }

        foreach (var path in n.ReadOnlyPaths)
        {
            Require(faults, Path.IsPathRooted(path), $"Native.ReadOnlyPaths: '{path}' is not an absolute path");
        }
    }

    private static void Tunnels(TunnelOptions t, List<string> faults)
    {
        Between(faults, "Tunnels.TunnelsMax", t.TunnelsMax, 1, 1_000);
        Between(faults, "Tunnels.TunnelsPerWorkloadMax", t.TunnelsPerWorkloadMax, 1, 1_000);
        Between(faults, "Tunnels.ConnectTimeout", t.ConnectTimeout, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        Between(faults, "Tunnels.IdleTimeout", t.IdleTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        Between(faults, "Tunnels.BytesMax", t.BytesMax, 1_024, long.MaxValue / 4);
        foreach (var port in t.Ports)
        {
            Between(faults, "Tunnels.Ports", port, 1, 65_535);
        }
    }

    private static void Benchmarks(BenchmarkOptions b, List<string> faults)
    {
        Between(faults, "Benchmarks.CpuPercentMax", b.CpuPercentMax, 1, 100);
        Between(faults, "Benchmarks.LeaseCpuPercentMax", b.LeaseCpuPercentMax, 0, 100);
        Between(faults, "Benchmarks.TimeMax", b.TimeMax, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(30));
        Between(faults, "Benchmarks.Nice", b.Nice, 0, 19);
        Between(faults, "Benchmarks.LookInterval", b.LookInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
    }

    private static void Require(List<string> faults, bool ok, string fault)
    {
        if (!ok)
        {
            faults.Add(fault);
        }
    }

    private static void Between<T>(List<string> faults, string name, T value, T min, T max)
        where T : IComparable<T> =>
        Require(faults, value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0, string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be {min} to {max}"));
}
