using System.Runtime.CompilerServices;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>An event of the feed.</summary>
public readonly record struct FeedEvent(string Type, string Data);

/// <summary>Reads <c>/v1/orders/feed</c> for ever: comes back after every break with the last position it saw, waiting longer each time the server cannot be reached.</summary>
internal sealed class OrderFeed(Session session, BidLog log, TimeProvider time)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Longest silence: the server sends a sign of life every few seconds.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);

    private string? _position;

    /// <summary>Events until cancelled; a refusal of the server (unknown provider, no right) is thrown.</summary>
    public async IAsyncEnumerable<FeedEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var wait = FirstWait;
        while (!cancel.IsCancellationRequested)
        {
            string? problem;
            await using (var events = ConnectionAsync(cancel).GetAsyncEnumerator(cancel))
            {
                while (true)
                {
                    (var more, problem) = await NextAsync(events, cancel);
                    if (!more)
                    {
                        break;
                    }

                    wait = FirstWait;
                    yield return events.Current;
                }
            }

            if (cancel.IsCancellationRequested)
            {
                yield break;
            }

            log.Write(new BidLogEntry(time.GetUtcNow(), "reconnecting", Detail: $"{problem ?? "the stream ended"}; again in {wait.TotalSeconds:0.#} s after event {_position ?? "(none)"}"));
            try
            {
                // Half of it by chance, so that many bidders do not come back at once.
                await Task.Delay(wait * (0.5 + (Random.Shared.NextDouble() / 2)), time, cancel);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }

    private static async Task<(bool More, string? Problem)> NextAsync(IAsyncEnumerator<FeedEvent> events, CancellationToken cancel)
    {
        try
        {
            return (await events.MoveNextAsync(), null);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return (false, null);
        }
        catch (OperationCanceledException)
        {
            return (false, $"nothing was heard for {Silence.TotalSeconds:0} s");
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return (false, broken.Message);
        }
        catch (ApiException refused) when (refused.Status is >= 500 or 429)
        {
            return (false, refused.Message);
        }
    }

    /// <summary>One connection's events.</summary>
    private async IAsyncEnumerable<FeedEvent> ConnectionAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        silence.CancelAfter(Silence);
        await foreach (var item in session.EventsAsync("/v1/orders/feed", _position, () => silence.CancelAfter(Silence), silence.Token))
        {
            yield return new FeedEvent(item.EventType, item.Data);

            // Only after it was taken: what is being handled when the stream breaks comes again.
            _position = item.EventId ?? _position;
        }
    }
}
