using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>Reads the feed, prices orders with the script, a bounded number at once, and bids. Cancelling stops the reading; what was begun is finished.</summary>
internal sealed class Bidder(Session session, PriceScript script, BidderOptions options, BidLog log, TimeProvider time) : IDisposable
{
    private const int BidTries = 4;
    private readonly OwnCapacity _capacity = new(session, time);
    private readonly ConcurrentDictionary<string, byte> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (FeedOrder Order, DateTimeOffset At)> _bids = new(StringComparer.Ordinal);
    private readonly Channel<(FeedOrder Order, long Arrived)> _queue =
        Channel.CreateBounded<(FeedOrder, long)>(new BoundedChannelOptions(BidderOptions.QueueMax) { FullMode = BoundedChannelFullMode.Wait, SingleWriter = true });

    /// <summary>Bids until cancelled, then drains.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var workers = Enumerable.Range(0, options.Concurrency).Select(_ => WorkAsync(cancel)).ToArray();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var expiry = ExpireAsync(ending.Token);
        try
        {
            await foreach (var item in new OrderFeed(session, log, time).ReadAsync(cancel))
            {
                await TakeAsync(item, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Draining.
        }
        finally
        {
            _queue.Writer.TryComplete();
            await Task.WhenAll(workers);
            await ending.CancelAsync();
            await expiry;
        }

        if (options.Withdraw)
        {
            foreach (var (id, bid) in _bids)
            {
                await WithdrawAsync(id, bid.Order, "the bidder ends");
            }
        }

        log.Write(new BidLogEntry(time.GetUtcNow(), "drained", Detail: $"{log.Summary}; {_bids.Count} bid(s) left open"));
    }

    public void Dispose() => _capacity.Dispose();

    private async Task TakeAsync(FeedEvent item, CancellationToken cancel)
    {
        switch (item.Type)
        {
            case "feed.ready":
                log.Write(new BidLogEntry(time.GetUtcNow(), "connected", Detail: $"{_open.Count} open order(s) match"));
                break;
            case "order.open" or "order.created":
                var order = FeedOrder.Read(item.Data);
                if (order.Status == Contracts.Deployments.OrderStatus.Open && _open.TryAdd(order.Id, 0))
                {
                    await _queue.Writer.WriteAsync((order, Stopwatch.GetTimestamp()), cancel);
                }

                break;
            case "order.matched" or "order.closed":
                // A worker that is at it finds it gone.
                _open.TryRemove(FeedOrder.Read(item.Data).Id, out _);
                break;
            case "bid.won" or "bid.lost" or "bid.closed":
                Told(item);
                break;
            case var lease when lease.StartsWith("lease.", StringComparison.Ordinal) && lease != "lease.status":
                var data = JsonNode.Parse(item.Data)!;
                log.Write(new BidLogEntry(time.GetUtcNow(), "lease", (string?)data["lease"], Detail: $"{lease} {(string?)data["closeDetail"]}".TrimEnd()));
                break;
        }
    }

    private void Told(FeedEvent item)
    {
        var data = JsonNode.Parse(item.Data)!;
        var id = (string)data["bid"]!;
        if (_bids.TryRemove(id[..id.LastIndexOf('/')], out _) || item.Type != "bid.closed")
        {
            log.Write(new BidLogEntry(time.GetUtcNow(), item.Type[4..], id[..id.LastIndexOf('/')], (string?)data["price"], Denom: (string?)data["denom"]));
        }
    }

    private async Task WorkAsync(CancellationToken cancel)
    {
        await foreach (var (order, arrived) in _queue.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (cancel.IsCancellationRequested)
            {
                continue;
            }

            BidLogEntry entry;
            try
            {
                entry = await TryBidAsync(order);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or TaskCanceledException or InvalidOperationException or ApiException)
            {
                entry = new BidLogEntry(default, "error", Detail: e.Message);
            }

            log.Write(entry with { At = time.GetUtcNow(), Order = order.Id, Ceiling = order.Ceiling, Denom = order.Denom, Milliseconds = (long)Stopwatch.GetElapsedTime(arrived).TotalMilliseconds });
        }
    }

    private async Task<BidLogEntry> TryBidAsync(FeedOrder order)
    {
        if (!_open.ContainsKey(order.Id))
        {
            return Skip(Refusal.Of("order.not_open", "it was closed before it was looked at"));
        }

        if (order.ReclaimMinSeconds > options.ReclaimWindowSeconds)
        {
            return Skip(Refusal.Of("bid.reclamation_too_short", $"it wants a reclamation window of {order.ReclaimMinSeconds} s, yours is {options.ReclaimWindowSeconds} s"));
        }

        if (options.CheckCapacity && await _capacity.WhyNotAsync(order, CancellationToken.None) is { } noRoom)
        {
            return Skip(noRoom);
        }

        var terms = new PriceTerms(order.Priced, Rate.Parse(order.Ceiling), options.Precision);
        var price = await script.PriceAsync(OrderTerms.Priced(order.Spec), terms, order.Owner);
        if (!price.IsOk)
        {
            return Skip(price.Refusal);
        }

        if (!_open.ContainsKey(order.Id))
        {
            return Skip(Refusal.Of("order.not_open", "it was closed while it was priced")) with { Price = price.Value.ToString() };
        }

        // Before the answer: the feed may tell what became of the bid sooner.
        _bids[order.Id] = (order, time.GetUtcNow());
        try
        {
            await SendAsync(order, price.Value);
            return new BidLogEntry(default, "bid", Price: price.Value.ToString());
        }
        catch (ApiException refused) when (!refused.OutcomeUnknown)
        {
            _bids.TryRemove(order.Id, out _);
            return new BidLogEntry(default, "skip", Price: price.Value.ToString(), Code: refused.Code, Detail: refused.Message);
        }
    }

    /// <summary>Sends a bid, under one idempotency key however often: an answer that was lost is asked for again.</summary>
    private async Task SendAsync(FeedOrder order, Rate price)
    {
        var key = Contracts.Identities.Client.RequestSigner.NewIdempotencyKey();
        var body = new { price = price.ToString(), denom = order.Denom, deposit = options.Deposit, reclaimWindowSeconds = order.ReclaimMinSeconds > 0 ? options.ReclaimWindowSeconds : 0 };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await session.PostAsync(order.BidsPath, body, key);
                return;
            }
            catch (Exception e) when (attempt < BidTries && e is HttpRequestException or ApiException { OutcomeUnknown: true } or ApiException { Status: >= 500 or 429 })
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250 << attempt), time);
            }
        }
    }

    private async Task ExpireAsync(CancellationToken cancel)
    {
        if (options.BidLifetime <= TimeSpan.Zero)
        {
            return;
        }

        using var every = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await every.WaitForNextTickAsync(cancel))
            {
                foreach (var (id, bid) in _bids.Where(b => time.GetUtcNow() - b.Value.At > options.BidLifetime).ToArray())
                {
                    await WithdrawAsync(id, bid.Order, $"nobody took it in {options.BidLifetime.TotalSeconds:0} s");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task WithdrawAsync(string id, FeedOrder order, string why)
    {
        if (!_bids.TryRemove(id, out var bid))
        {
            return;
        }

        try
        {
            // Only what is still a bid: a lease that came of it meanwhile stays.
            await session.PostAsync(order.BidsPath + "/close", new { reason = 10_002, onlyOpen = true });
            log.Write(new BidLogEntry(time.GetUtcNow(), "withdrawn", id, Detail: why));
        }
        catch (ApiException won) when (won.Code is "bid.not_open" or "bid.award_in_flight")
        {
            log.Write(new BidLogEntry(time.GetUtcNow(), "kept", id, Code: won.Code, Detail: won.Message));
            if (won.Code == "bid.award_in_flight")
            {
                // It may come back as a bid: looked at again.
                _bids.TryAdd(id, bid);
            }
        }
        catch (Exception e) when (e is HttpRequestException or ApiException or TaskCanceledException)
        {
            log.Write(new BidLogEntry(time.GetUtcNow(), "error", id, Detail: "could not withdraw: " + e.Message));
        }
    }

    private static BidLogEntry Skip(Refusal why) => new(default, "skip", Code: why.Code, Detail: why.Detail);
}
