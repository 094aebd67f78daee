namespace DepinGrains.Agent.Options;

/// <summary>Times and limits of the connection.</summary>
public sealed class ConnectionOptions
{
    /// <summary>First wait before connecting again.</summary>
    public TimeSpan BackOffMin { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest wait before connecting again.</summary>
    public TimeSpan BackOffMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for connecting and for each step of the handshake.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for sending one message.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A connection whose heartbeats go unanswered for this many intervals (and at least two seconds) is given up.</summary>
    public int SilentIntervalsMax { get; set; } = 3;

    /// <summary>An unacknowledged report is sent again after this.</summary>
    public TimeSpan ReportRetry { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most statuses in one report.</summary>
    public int ReportBatchMax { get; set; } = 200;

    /// <summary>Most log streams and shells at once, each.</summary>
    public int StreamsMax { get; set; } = 32;
}
