using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>A miner at an even pace: each token's text is the instant it left.</summary>
internal static class InferenceMiner
{
    public sealed record Spec(int Tokens, int PauseMilliseconds);

    public sealed record Serving(string Address);

    public static async Task<Serving> StartAsync(Spec spec)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", context => AnswerAsync(context, spec));
        await app.StartAsync();
        return new Serving(app.Urls.First() + "/v1");
    }

    private static async Task AnswerAsync(HttpContext context, Spec spec)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.ContentType = "text/event-stream";
        for (var i = 0; i <= spec.Tokens; i++)
        {
            await Task.Delay(Random.Shared.Next(spec.PauseMilliseconds / 2, spec.PauseMilliseconds * 3 / 2), context.RequestAborted);
            var finish = i == spec.Tokens ? "\"stop\"" : "null";
            await context.Response.WriteAsync(
                string.Create(CultureInfo.InvariantCulture, $"data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"@{Stopwatch.GetTimestamp()} \"}},\"finish_reason\":{finish}}}]}}\n\n"), context.RequestAborted);
        }

        await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
    }
}
