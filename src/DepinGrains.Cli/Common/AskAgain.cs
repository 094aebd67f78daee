using System.Text.Json.Nodes;

namespace DepinGrains.Cli.Common;

/// <summary>
/// Asks again while what became of a request is unknown: the server says so, breaks off in the middle, or does not answer in time. From then on a server that is away is waited for as well, since it may have done what it
/// was asked before it went. A server that was never there is not.
/// </summary>
/// <param name="quiet">Say nothing on stderr: with <c>-o json</c> only the problem belongs there.</param>
public sealed class AskAgain(bool quiet)
{
    /// <summary>Tries at most: with the waits some two minutes, longer than it takes to find a dead silo out and than a host takes to start again.</summary>
    private const int TriesMax = 30;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Longest time, however long each try takes.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(10);

    /// <summary>The answer.</summary>
    /// <param name="requestId">What the caller gives to send the same change again; null: it changes nothing, or is repeated by other means.</param>
    /// <param name="send">Sends the same request each time.</param>
    /// <exception cref="ApiException">A refusal; <c>cli.outcome_unknown</c>: nobody could be asked any more.</exception>
    public async Task<JsonNode> SendAsync(string? requestId, Func<Task<JsonNode>> send)
    {
        ArgumentNullException.ThrowIfNull(send);
        var (unknown, begun, wait) = (false, TimeProvider.System.GetTimestamp(), Wait);
        for (var tries = 1; ; tries++)
        {
            Exception problem;
            try
            {
                return await send();
            }
            catch (Exception e) when (IsUnknown(e) || (unknown && IsPassing(e)))
            {
                problem = e;
            }

            if (!unknown && requestId is not null && !quiet)
            {
                await Console.Error.WriteLineAsync($"no answer ({problem.Message}); asking again, request id {requestId}");
            }

            unknown = true;
            if (tries >= TriesMax || TimeProvider.System.GetElapsedTime(begun) > TimeMax)
            {
                throw requestId is null ? Rethrown(problem) : Unknown(requestId, problem);
            }

            var asked = (problem as ApiException)?.RetryAfter ?? wait;
            await Task.Delay(asked < WaitMax ? asked : WaitMax);
            wait = wait * 2 < WaitMax ? wait * 2 : WaitMax;
        }
    }

    /// <summary>The request may have been carried out.</summary>
    private static bool IsUnknown(Exception e) => e switch
    {
        ApiException refused => refused.OutcomeUnknown || (refused.Code.Length == 0 && refused.Status is 502 or 503 or 504),
        HttpRequestException broken => broken.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError),
        TaskCanceledException => true,
        IOException => true,
        _ => false,
    };

    /// <summary>It was not carried out this time, and may be the next.</summary>
    private static bool IsPassing(Exception e) => e is HttpRequestException or ApiException { Status: 429 or >= 500 };

    private static Exception Rethrown(Exception problem) => problem is ApiException { Code.Length: > 0 } or HttpRequestException or TaskCanceledException ? problem : new HttpRequestException(problem.Message, problem);

    private static ApiException Unknown(string requestId, Exception problem)
    {
        var answer = (problem as ApiException)?.Problem.DeepClone().AsObject() ?? [];
        (answer["code"], answer["detail"], answer["requestId"]) = (ApiException.Unknown, problem.Message, requestId);
        return new ApiException(ApiException.Unknown, $"""
            what became of it is unknown: {problem.Message}
              look first, at 'depin ledger statement' where money moves. Running the command again as it is would be a second request;
              to ask for this one again, which has its effect once: the same command with --request-id {requestId}
            """, answer);
    }
}
