using System.Net;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;

namespace DepinGrains.Gateway.Tests.Telemetry;

/// <summary>What an operator does with the trace id of a problem: look it up in traces and logs.</summary>
public sealed class OtlpTests
{
    [Theory]
    [InlineData("grpc", "HTTP/2")]
    [InlineData("http/protobuf", "HTTP/1.1")]
    public async Task The_trace_id_of_a_problem_finds_its_span_and_its_log_at_the_collector(string protocol, string version)
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var host = new OtlpHost(collector.Address(protocol), protocol, "1");
        await host.InitializeAsync();
        using var response = await host.Client.GetAsync("/t/bug");
        var trace = (await ProblemAssert.IsAsync(response, HttpStatusCode.InternalServerError, RequestError.Internal)).GetProperty("traceId").GetString();

        var span = await collector.FindAsync(collector.Spans, s => s.TraceId == trace, "span of the request");
        Assert.Equal(("GET /t/bug", "500", "depin-gateway", version), (span.Text, span.Attributes["http.response.status_code"], span.Attributes["service.name"], span.Protocol));
        var log = await collector.FindAsync(collector.Logs, l => l.TraceId == trace && l.Attributes.ContainsKey("exception.type"), "log of the request");
        Assert.Equal(("InvalidOperationException", "depin-gateway", version), (log.Attributes["exception.type"].Split('.')[^1], log.Attributes["service.name"], log.Protocol));
        Assert.Contains(log.Attributes, static a => a.Value == "HTTP: GET /t/bug");
    }

    /// <summary>The caller's own trace goes on here, sampled because he sampled it, whatever our own share is.</summary>
    [Fact]
    public async Task A_callers_trace_goes_on()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var host = new OtlpHost(collector.Address("grpc"), "", "0");
        await host.InitializeAsync();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using (var own = await host.Client.GetAsync("/t/number/77001"))
        {
            Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/t/number/2") { Headers = { { "traceparent", $"00-{Trace}-b7ad6b7169203331-01" } } };
        using var answer = await host.Client.SendAsync(request);
        Assert.Equal("GET /t/number/{n}", (await collector.FindAsync(collector.Spans, static s => s.TraceId == Trace, "span of the caller's trace")).Text);
        // Hosts of other tests in this process may be traced here too.
        Assert.DoesNotContain(collector.Spans, static s => s.Attributes.GetValueOrDefault("url.path") == "/t/number/77001");
    }

    private sealed class OtlpHost(string collector, string protocol, string ratio) : ApiHost
    {
        protected override Dictionary<string, string?> Settings => new(base.Settings)
        {
            ["Telemetry:OtlpEndpoint"] = collector,
            ["Telemetry:OtlpProtocol"] = protocol,
            ["Telemetry:TraceRatio"] = ratio,
        };

        protected override void Add(WebApplicationBuilder builder)
        {
            base.Add(builder);
            builder.AddDepinTelemetry("gateway");
        }
    }
}
