using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Gateway.Tests.Telemetry;

/// <summary>A collector as OTLP describes it (opentelemetry.io, "OTLP Specification 1.x"): unary gRPC over HTTP/2 without TLS, and protobuf over HTTP/1.1.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SemaphoreSlim _arrived = new(0);

    private OtlpCollector(WebApplication app) => _app = app;

    /// <summary>Spans as they came.</summary>
    public ConcurrentQueue<OtlpItem> Spans { get; } = [];

    /// <summary>Log records as they came.</summary>
    public ConcurrentQueue<OtlpItem> Logs { get; } = [];

    /// <summary>Where it listens, by protocol.</summary>
    public string Address(string protocol) => _app.Urls.ElementAt(protocol == "grpc" ? 0 : 1);

    /// <param name="at">Where it listens; loopback unless said.</param>
    public static async Task<OtlpCollector> StartAsync(IPAddress? at = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(at ?? IPAddress.Loopback, 0, static grpc => grpc.Protocols = HttpProtocols.Http2);
            kestrel.Listen(at ?? IPAddress.Loopback, 0, static http => http.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", context => collector.GrpcAsync(context, collector.Spans));
        app.MapPost("/opentelemetry.proto.collector.logs.v1.LogsService/Export", context => collector.GrpcAsync(context, collector.Logs));
        app.MapPost("/v1/traces", context => collector.HttpAsync(context, collector.Spans));
        app.MapPost("/v1/logs", context => collector.HttpAsync(context, collector.Logs));
        await app.StartAsync();
        return collector;
    }

    /// <summary>The first item that fits, waited for.</summary>
    public async Task<OtlpItem> FindAsync(ConcurrentQueue<OtlpItem> items, Func<OtlpItem, bool> fits, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            if (items.FirstOrDefault(fits) is { } found)
            {
                return found;
            }

            try
            {
                await _arrived.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"no {what} arrived; there are {string.Join(", ", items.Select(static i => i.Text))}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _arrived.Dispose();
    }

    /// <summary>One message: a byte that says whether it is compressed, its length, itself. The status comes in the trailers.</summary>
    private async Task GrpcAsync(HttpContext context, ConcurrentQueue<OtlpItem> items)
    {
        Assert.Equal("application/grpc", context.Request.ContentType);
        var body = await ReadAsync(context);
        Assert.Equal((0, (uint)body.Length - 5), (body[0], BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1))));
        Take(body.AsMemory(5), items, context);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task HttpAsync(HttpContext context, ConcurrentQueue<OtlpItem> items)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        Take(await ReadAsync(context), items, context);
        context.Response.ContentType = "application/x-protobuf";
    }

    private void Take(ReadOnlyMemory<byte> request, ConcurrentQueue<OtlpItem> items, HttpContext context)
    {
        foreach (var item in OtlpItem.Of(request, items == Logs, context.Request.Protocol))
        {
            items.Enqueue(item);
        }

        _arrived.Release();
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer);
        return buffer.ToArray();
    }
}
