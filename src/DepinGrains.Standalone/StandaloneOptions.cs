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

    /// <summary>Why these addresses to listen on do not go with these options, or are none; null when all is well.</summary>
    public string? Problem(IReadOnlyCollection<string> urls)
    {
        ArgumentNullException.ThrowIfNull(urls);
        return urls.FirstOrDefault(static u => Host(u) is null) is { } none ? $"--urls: '{none}' is no address to listen on; write http://host:port"
            : (Faucet || NativeWorkloads) && urls.FirstOrDefault(static u => !IsLoopback(u)) is { } open
                ? $"{open} is reachable from elsewhere: switch off --Standalone:Faucet and --Standalone:NativeWorkloads, or bind to loopback"
                : null;
    }

    /// <summary>True for an address that only this machine reaches.</summary>
    public static bool IsLoopback(string url) => Host(url) is { } address && (address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip)));

    /// <summary>The address with the server's own signs for "all of them" as one that an address can hold.</summary>
    private static Uri? Host(string url) =>
        Uri.TryCreate(url.Replace("://+", "://0.0.0.0", StringComparison.Ordinal).Replace("://*", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var address) && (address.Scheme is "http" or "https") ? address : null;
}
