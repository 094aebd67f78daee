using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Cli.Subnets.Mining;

/// <summary>A miner's HTTP side: who may ask, how many at once, and who answers.</summary>
internal sealed class MinerServer : IAsyncDisposable
{
    private const int BodyBytesMax = 2 << 20;
    private static readonly TimeSpan BodyTime = TimeSpan.FromSeconds(10);
    private readonly Session _session;
    private readonly MinerOptions _options;
    private readonly SubnetApi _api;
    private readonly MinerCallers _callers;
    private readonly IMinerModel _model;
    private readonly TimeProvider _time;
    private readonly WebApplication _app;
    private readonly MinerRefusals _refusals;
    private int _open;
    private long _answered;

    public MinerServer(Session session, MinerOptions options, TimeProvider time)
    {
        (_session, _options, _time) = (session, options, time);
        _api = new SubnetApi(session, options.Netuid);
        _callers = new MinerCallers(session, _api, options, time);
        _refusals = new MinerRefusals(time);
        _model = options.Upstream is { } upstream ? new UpstreamModel(upstream, options.Model) : new SampleModel();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(options.Listen.ToString());
        builder.WebHost.ConfigureKestrel(static kestrel => (kestrel.AddServerHeader, kestrel.Limits.MaxRequestBodySize) = (false, BodyBytesMax));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        foreach (var path in (string[])["chat/completions", "completions", "embeddings", "images/generations"])
        {
            _app.MapPost("/v1/" + path, context => AnswerAsync(context, path));
        }
    }

    /// <summary>Listens.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        await _app.StartAsync(cancel);
        Say(new JsonObject { ["event"] = "serving", ["listen"] = _app.Urls.First(), ["hotkey"] = _options.Hotkey, ["netuid"] = _options.Netuid });
    }

    /// <summary>Tells the subnet, unless it knows: announcing is limited to once in some blocks.</summary>
    public async Task AnnounceAsync()
    {
        var endpoint = _options.Endpoint.ToString().TrimEnd('/');
        var neurons = await _api.MetagraphAsync("hotkeys,axons");
        var uid = neurons["hotkeys"]!.AsArray().Select(static h => (string?)h).ToList().IndexOf(_options.Hotkey);
        ServiceRun.Check(uid >= 0, "miner.not_registered", $"{_options.Hotkey} has no uid in subnet {_options.Netuid}: 'depin subnet register' buys one");
        var (node, workload) = await WayAsync();
        if (neurons["axons"]![uid] is not { } axon || (string?)axon["endpoint"] != endpoint || (string?)axon["node"] != node || (string?)axon["workload"] != workload)
        {
            var told = await _api.ServeAxonAsync(_options.Hotkey, endpoint, _options.Way, _options.Model is { } name ? [name] : []);
            (node, workload) = ((string?)told["axon"]?["node"], (string?)told["axon"]?["workload"]);
        }

        Say(new JsonObject { ["event"] = "announced", ["uid"] = uid, ["endpoint"] = endpoint, ["node"] = node, ["workload"] = workload });
    }

    /// <summary>The node and workload an announcement would name now: a lease's service may have moved since the last one.</summary>
    private async Task<(string? Node, string? Workload)> WayAsync()
    {
        if (_options.Way.Lease is not { } lease)
        {
            return (_options.Way.Node, null);
        }

        var found = (await _session.GetAsync($"/v1/leases/{lease}"))["workloads"]!.AsArray().FirstOrDefault(w => (string?)w!["service"] == _options.Endpoint.Host && (int)w["replica"]! == _options.Way.Replica);
        return ((string?)found?["node"], (string?)found?["id"]);
    }

    /// <summary>Serves until told to stop; what was begun is finished.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await _app.StopAsync(CancellationToken.None);
        Say(new JsonObject { ["event"] = "ended", ["answered"] = Interlocked.Read(ref _answered) });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        (_model as IDisposable)?.Dispose();
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        try
        {
            // Places are for those who may ask: strangers take none, and are heard no longer than their headers and, signed, a body's time.
            if (_callers.WhyNot(context.Request) is { } unsigned)
            {
                await RefuseCallerAsync(context, unsigned);
            }
            else if (await ReadAsync(context) is not { } body)
            {
                await RefuseAsync(context, StatusCodes.Status408RequestTimeout, "miner.body_late");
            }
            else if (await _callers.WhyNotAsync(context.Request, body) is { } refusal)
            {
                await RefuseCallerAsync(context, refusal);
            }
            else
            {
                await AnswerAsync(context, path, body);
            }
        }
        catch (BadHttpRequestException bad)
        {
            await RefuseAsync(context, bad.StatusCode, "miner.body_invalid");
        }
        catch (Exception gone) when (context.RequestAborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            // The gateway left: nobody reads on.
        }
        catch (Exception broken) when (broken is HttpRequestException or ApiException or System.Text.Json.JsonException or InvalidOperationException)
        {
            Say(new JsonObject { ["event"] = "failed", ["problem"] = broken.Message });
            await RefuseAsync(context, StatusCodes.Status502BadGateway, broken is ApiException ? "miner.network" : "miner.upstream");
        }
    }

    private async Task AnswerAsync(HttpContext context, string path, byte[] body)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > _options.Concurrency)
            {
                await RefuseAsync(context, StatusCodes.Status429TooManyRequests, "miner.busy");
                return;
            }

            await _model.AnswerAsync(context, path, body);
            Interlocked.Increment(ref _answered);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Null when it does not come in time.</summary>
    private async Task<byte[]?> ReadAsync(HttpContext context)
    {
        using var late = new CancellationTokenSource(BodyTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.RequestAborted);
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, either.Token);
            return body.ToArray();
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            // What still comes of it would be read to its end otherwise.
            context.Response.Headers.Connection = "close";
            return null;
        }
    }

    /// <summary>Says so, but not for each of a stranger's requests.</summary>
    private Task RefuseCallerAsync(HttpContext context, string code)
    {
        if (_refusals.Count(code) is { } times)
        {
            Say(new JsonObject { ["event"] = "refused", ["code"] = code, ["times"] = times });
        }

        return RefuseAsync(context, StatusCodes.Status401Unauthorized, code);
    }

    private static Task RefuseAsync(HttpContext context, int status, string code)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($"{{\"error\":{{\"message\":\"{code}\",\"type\":\"server_error\",\"param\":null,\"code\":\"{code}\"}}}}");
    }

    private void Say(JsonObject entry)
    {
        var line = _session.Json ? entry.ToJsonString() : ServiceRun.Line(entry);
        lock (_app)
        {
            Console.Out.WriteLine(line);
        }
    }
}

/// <summary>Who answers.</summary>
internal interface IMinerModel
{
    /// <summary>Writes the whole response.</summary>
    Task AnswerAsync(HttpContext context, string path, byte[] body);
}
