using System.ComponentModel.DataAnnotations;
using System.Net;

namespace DepinGrains.Standalone;

/// <summary>One process on one machine: silo, gateway, store and an agent.</summary>
public sealed class StandaloneOptions
{
    /// <summary>Configuration section; also <c>--data</c>.</summary>
    public const string Section = "Standalone";

    /// <summary>Folder of the store, keys and the agent's work.</summary>
    [Required, MinLength(1)]
    public string Data { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".depin", "standalone");

    /// <summary>Runs an agent that sells this machine's hardware.</summary>
    public bool Agent { get; set; } = true;

    /// <summary>Lets the agent run native processes, <c>native:NAME</c>. Refused when the API is not bound to loopback.</summary>
    public bool NativeWorkloads { get; set; } = true;

    /// <summary>Money for trying things out. Refused when the API is not bound to loopback.</summary>
    public bool Faucet { get; set; } = true;

    /// <summary>Why these addresses do not go with these options, or null.</summary>
    public string? Problem(IEnumerable<Uri> addresses)
    {
        var open = addresses.FirstOrDefault(static a => !IsLoopback(a));
        return open is not null && (Faucet || NativeWorkloads)
            ? $"{open} is reachable from elsewhere: switch off --Standalone:Faucet and --Standalone:NativeWorkloads, or bind to loopback"
            : null;
    }

    private static bool IsLoopback(Uri address) => address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
}
