using System.Diagnostics;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>
/// A bridge on this machine with one network namespace per silo. Two of them are parted by giving each a wrong hardware address for the other: packets leave and nobody takes them,
/// which is what a broken network looks like from both sides. Needs iproute2 and the right to make namespaces.
/// </summary>
internal sealed class PartedNet : IAsyncDisposable
{
    private const string Nowhere = "02:00:00:00:0d:ea";
    private readonly string _bridge;
    private readonly int _subnet;
    private readonly int _hosts;

    private PartedNet(int hosts)
    {
        var tag = Environment.ProcessId % 10_000;
        (_bridge, _subnet, _hosts) = ($"dps{tag}", tag % 250, hosts);
    }

    /// <summary>Address of this machine on the bridge.</summary>
    public string Gateway => $"10.213.{_subnet}.1";

    public string Address(int host) => $"10.213.{_subnet}.{10 + host}";

    public string Namespace(int host) => $"{_bridge}n{host}";

    /// <summary>Null where it cannot be made.</summary>
    public static async Task<PartedNet?> TryCreateAsync(int hosts)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var net = new PartedNet(hosts);
        try
        {
            await net.CreateAsync();
            return net;
        }
        catch (Exception problem) when (problem is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            await net.DisposeAsync();
            return null;
        }
    }

    public async Task PartAsync(int one, int other)
    {
        await IpAsync("-n", Namespace(one), "neigh", "replace", Address(other), "lladdr", Nowhere, "dev", "eth0", "nud", "permanent");
        await IpAsync("-n", Namespace(other), "neigh", "replace", Address(one), "lladdr", Nowhere, "dev", "eth0", "nud", "permanent");
    }

    public async Task HealAsync(int one, int other)
    {
        await IpAsync("-n", Namespace(one), "neigh", "del", Address(other), "dev", "eth0");
        await IpAsync("-n", Namespace(other), "neigh", "del", Address(one), "dev", "eth0");
    }

    public async ValueTask DisposeAsync()
    {
        for (var host = 0; host < _hosts; host++)
        {
            await TryIpAsync("netns", "del", Namespace(host));
        }

        await TryIpAsync("link", "del", _bridge);
    }

    private async Task CreateAsync()
    {
        await IpAsync("link", "add", _bridge, "type", "bridge");
        await IpAsync("addr", "add", Gateway + "/24", "dev", _bridge);
        await IpAsync("link", "set", _bridge, "up");
        for (var host = 0; host < _hosts; host++)
        {
            var (name, veth) = (Namespace(host), $"{_bridge}v{host}");
            await IpAsync("netns", "add", name);
            await IpAsync("link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", name);
            await IpAsync("link", "set", veth, "master", _bridge, "up");
            await IpAsync("-n", name, "addr", "add", Address(host) + "/24", "dev", "eth0");
            await IpAsync("-n", name, "link", "set", "eth0", "up");
            await IpAsync("-n", name, "link", "set", "lo", "up");
        }
    }

    private static async Task TryIpAsync(params string[] arguments)
    {
        try
        {
            await IpAsync(arguments);
        }
        catch (Exception problem) when (problem is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It was never made.
        }
    }

    private static async Task IpAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error.Trim()}");
        }
    }
}
