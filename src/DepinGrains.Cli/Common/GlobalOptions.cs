using System.CommandLine;

namespace DepinGrains.Cli.Common;

/// <summary>How answers are printed.</summary>
public enum OutputFormat
{
    /// <summary>Tables for people.</summary>
    Table,

    /// <summary>Pure JSON on stdout.</summary>
    Json,
}

/// <summary>Options of every command.</summary>
public static class GlobalOptions
{
    /// <summary>The API.</summary>
    public static readonly Option<string> Server = new("--server")
    {
        Description = "address of the API (or DEPIN_SERVER)",
        DefaultValueFactory = static _ => Environment.GetEnvironmentVariable("DEPIN_SERVER") ?? "http://127.0.0.1:5080",
        Recursive = true,
    };

    /// <summary>The key file.</summary>
    public static readonly Option<string> Key = new("--key")
    {
        Description = "PEM file of your key, made when absent (or DEPIN_KEY)",
        DefaultValueFactory = static _ => Environment.GetEnvironmentVariable("DEPIN_KEY")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".depin", "key.pem"),
        Recursive = true,
    };

    /// <summary>The identity the key belongs to.</summary>
    public static readonly Option<string?> Identity = new("--identity")
    {
        Description = "identity your key was added to (or DEPIN_IDENTITY); without it what the file beside the key says (KEY.identity), else the one the key founded",
        DefaultValueFactory = static _ => Environment.GetEnvironmentVariable("DEPIN_IDENTITY"),
        Recursive = true,
    };

    /// <summary>Table or JSON.</summary>
    public static readonly Option<OutputFormat> Output = new("--output", "-o")
    {
        Description = "table or json",
        DefaultValueFactory = static _ => OutputFormat.Table,
        Recursive = true,
    };

    /// <summary>Idempotency key of a change.</summary>
    public static readonly Option<string?> RequestId = new("--request-id")
    {
        Description = "id of the change this command makes: run again with the same one it is the same request and has its effect once; drawn without, and named when an answer was lost",
        Recursive = true,
    };

    /// <summary>Audience of tokens.</summary>
    public static readonly Option<string> Network = new("--network")
    {
        Description = "name of the network, the audience of tokens (or DEPIN_NETWORK)",
        DefaultValueFactory = static _ => Environment.GetEnvironmentVariable("DEPIN_NETWORK") ?? "depin-local",
        Recursive = true,
    };
}
