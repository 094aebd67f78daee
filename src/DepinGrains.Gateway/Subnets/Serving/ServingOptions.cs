using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Grains.Ledgers;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>How inference is routed, bounded and paid; section <c>Serving</c>. Prices and the network's fee are network parameters (<c>inference.…</c>).</summary>
public sealed class ServingOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Serving";

    /// <summary>The token callers pay in; not a credit that is minted from others.</summary>
    [Required]
    public string Denom { get; set; } = "rao";

    /// <summary>Also connect to miners at loopback and private addresses: a network on one machine, or in one's own data centre.</summary>
    public bool PrivateAddresses { get; set; }

    /// <summary>PEM file of the key requests to miners are signed with, so that they know who asks; empty: not signed, unless the host gives a key.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>The same key as PEM text, where a Secret is easier given as a variable than as a file; empty: none. Its identity needs the role <c>gateway</c> (or operator) to open tunnels at other gateways and to be heard by miners.</summary>
    public string Key { get; set; } = "";

    /// <summary>Time to resolve a miner's name, connect and agree on TLS.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Time a miner has for the first token of a stream; then the next one is asked.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan FirstTokenTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest pause between two tokens of a stream.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time a miner has for an answer that is not streamed; then the next one is asked.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Time a whole request may take, all tries together; a stream that lasts longer is ended. Holds outlive it by a minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many miners a request is tried with.</summary>
    [Range(1, 16)]
    public int Tries { get; set; } = 3;

    /// <summary>Share of requests that try another miner than the best first, basis points.</summary>
    [Range(0, 10_000)]
    public int ExploreBasisPoints { get; set; } = 500;

    /// <summary>A first token this late halves a miner's score.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ReferenceFirstToken { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>So many open requests of this gateway halve a miner's score.</summary>
    [Range(1, 100_000)]
    public int MinerSlots { get; set; } = 16;

    /// <summary>Failures in a row after which a miner rests.</summary>
    [Range(1, 100)]
    public int RestAfterFailures { get; set; } = 3;

    /// <summary>Its first rest; each further failure doubles it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan Rest { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Its longest rest.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")]
    public TimeSpan RestMax { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a miner that says it is full (429) is asked only when nobody else is left.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan BusyRest { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Requests of this process that one miner has at once; a miner that is full is gone round, and when all are, requests are refused, 503.</summary>
    [Range(1, 100_000)]
    public int RequestsPerMinerMax { get; set; } = 1_024;

    /// <summary>Time between two reports of what was seen of miners to their subnets; what was not reported is lost with the process.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan ReportEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How old a gateway's copy of a metagraph may be.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan MetagraphAge { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Requests of one caller at once, in this process.</summary>
    [Range(1, 100_000)]
    public int RequestsPerCallerMax { get; set; } = 256;

    /// <summary>Bytes of a request's body; <c>Http:BodyBytesMax</c> holds as well.</summary>
    [Range(1_024, 64 << 20)]
    public int PromptBytesMax { get; set; } = 1 << 20;

    /// <summary>Counted tokens of a prompt.</summary>
    [Range(1, 10_000_000)]
    public int PromptTokensMax { get; set; } = 131_072;

    /// <summary>Bound of an answer whose request names none, tokens.</summary>
    [Range(1, 1_000_000)]
    public int AnswerTokensDefault { get; set; } = 1_024;

    /// <summary>Most tokens a request may ask for.</summary>
    [Range(1, 1_000_000)]
    public int AnswerTokensMax { get; set; } = 32_768;

    /// <summary>Choices or images of one request.</summary>
    [Range(1, 128)]
    public int ChoicesMax { get; set; } = 4;

    /// <summary>Messages, prompts or texts of one request.</summary>
    [Range(1, 100_000)]
    public int InputsMax { get; set; } = 2_048;

    /// <summary>Bytes of one event of a miner's stream.</summary>
    [Range(1_024, 16 << 20)]
    public int EventBytesMax { get; set; } = 256 << 10;

    /// <summary>Bytes of a whole answer or stream of a miner, frames included.</summary>
    [Range(1_024, 1 << 30)]
    public int AnswerBytesMax { get; set; } = 32 << 20;

    /// <summary>Bytes of answers that are not streamed, all requests of this process together, each by the most it may have; beyond them requests are refused, 503. An answer may be in memory twice: as it came and as it leaves.</summary>
    [Range(1_024, 1L << 40)]
    public long BufferedBytesMax { get; set; } = 1L << 30;

    /// <summary>The share of them one caller's answers may take; beyond it his requests are refused, 429.</summary>
    [Range(1_024, 1L << 40)]
    public long BufferedBytesPerCallerMax { get; set; } = 1L << 28;

    /// <summary>KiB of a miner's response headers.</summary>
    [Range(1, 64)]
    public int HeaderKilobytesMax { get; set; } = 16;

    /// <summary>Connections to one miner.</summary>
    [Range(1, 100_000)]
    public int ConnectionsPerMinerMax { get; set; } = 2_048;

    /// <summary>Tunnels of validators to one miner behind an agent, in this process: the rest of its few tunnels is for callers' requests.</summary>
    [Range(1, 64)]
    public int ValidatorTunnelsPerMinerMax { get; set; } = 8;

    /// <summary>How many of them one validator has.</summary>
    [Range(1, 64)]
    public int TunnelsPerValidatorAndMinerMax { get; set; } = 2;

    /// <summary>Most bytes of one validator's tunnel, both ways together.</summary>
    [Range(1_024, 1L << 40)]
    public long ValidatorTunnelBytesMax { get; set; } = 64L << 20;

    /// <summary>How long one validator's tunnel lasts at most; also how long after the loss of a permit or a key what it opened is gone.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")]
    public TimeSpan ValidatorTunnelTimeMax { get; set; } = TimeSpan.FromMinutes(11);

    internal InferenceLimits Limits => new(PromptTokensMax, AnswerTokensDefault, AnswerTokensMax, ChoicesMax, InputsMax);

    internal ChoiceParameters Choice => new(ExploreBasisPoints, (long)ReferenceFirstToken.TotalMicroseconds, MinerSlots, Tries);
}

/// <summary>The check across fields.</summary>
public sealed class ServingOptionsCheck(TokenCatalog tokens) : IValidateOptions<ServingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ServingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!tokens.IsDenom(options.Denom) || tokens.Sources(options.Denom).Count > 0)
        {
            return ValidateOptionsResult.Fail($"Serving:Denom ({options.Denom}) must be the denomination of a token of this network that is no credit.");
        }

        if (WhyNotKey(options) is { } key)
        {
            return ValidateOptionsResult.Fail(key);
        }

        if (options.TunnelsPerValidatorAndMinerMax > options.ValidatorTunnelsPerMinerMax)
        {
            return ValidateOptionsResult.Fail($"Serving:TunnelsPerValidatorAndMinerMax ({options.TunnelsPerValidatorAndMinerMax}) must not exceed Serving:ValidatorTunnelsPerMinerMax ({options.ValidatorTunnelsPerMinerMax}).");
        }

        if (Math.Min(options.BufferedBytesMax, options.BufferedBytesPerCallerMax) is var least && least < options.AnswerBytesMax)
        {
            return ValidateOptionsResult.Fail($"Serving:BufferedBytesMax and Serving:BufferedBytesPerCallerMax ({least}) must not be less than Serving:AnswerBytesMax ({options.AnswerBytesMax}): no answer of that length could be given.");
        }

        if (options.RequestsPerMinerMax > options.ConnectionsPerMinerMax)
        {
            return ValidateOptionsResult.Fail($"Serving:RequestsPerMinerMax ({options.RequestsPerMinerMax}) must not exceed Serving:ConnectionsPerMinerMax ({options.ConnectionsPerMinerMax}): requests would wait for a connection, and their miner be blamed for it.");
        }

        return options.AnswerTokensDefault > options.AnswerTokensMax
            ? ValidateOptionsResult.Fail($"Serving:AnswerTokensDefault ({options.AnswerTokensDefault}) must not exceed Serving:AnswerTokensMax ({options.AnswerTokensMax}).")
            : ValidateOptionsResult.Success;
    }

    /// <summary>Said at the start, not with the first request to a miner; never with the key in it.</summary>
    private static string? WhyNotKey(ServingOptions options)
    {
        if (options.Key.Length == 0)
        {
            return null;
        }

        if (options.KeyFile.Length > 0)
        {
            return "Serving:Key and Serving:KeyFile both give this gateway's key: give one.";
        }

        try
        {
            SigningKey.FromPem(options.Key).Dispose();
            return null;
        }
        catch (CryptographicException)
        {
            return "Serving:Key is no P-256 private key in PEM.";
        }
    }
}
