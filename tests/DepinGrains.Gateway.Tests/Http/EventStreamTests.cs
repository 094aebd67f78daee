using System.Net;
using DepinGrains.Gateway.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Http;

public sealed class FewStreamsHost : ApiHost
{
    protected override Dictionary<string, string?> Settings => new(base.Settings) { ["Http:StreamsPerCallerMax"] = "2" };
}

public sealed class EventStreamTests(FewStreamsHost host) : IClassFixture<FewStreamsHost>
{
    [Fact]
    public async Task Events_carry_id_type_and_data_line_by_line()
    {
        using var response = await host.Client.GetAsync("/t/stream");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            "retry: 2000\n\nid: 1\nevent: number\ndata: {\"n\":\ndata: 1}\n\nid: 2\nevent: number\ndata: {\"n\":\ndata: 2}\n\nid: 3\nevent: number\ndata: {\"n\":\ndata: 3}\n\n",
            await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_reader_resumes_after_its_last_event()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/t/stream");
        request.Headers.Add("Last-Event-ID", "2");
        using var response = await host.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("id: 2", text, StringComparison.Ordinal);
        Assert.Contains("id: 3", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_stream_beats_is_bounded_per_caller_and_gives_its_slot_back()
    {
        var slots = host.Services.GetRequiredService<StreamSlots>();
        using (var first = await OpenAsync())
        using (var second = await OpenAsync())
        {
            using var third = await host.Client.GetAsync("/t/silence");
            await ProblemAssert.IsAsync(third, HttpStatusCode.TooManyRequests, RequestError.StreamLimit);
            using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            Assert.Equal("retry: 2000", await reader.ReadLineAsync(patience.Token));
            Assert.Equal("", await reader.ReadLineAsync(patience.Token));
            Assert.Equal(": still here", await reader.ReadLineAsync(patience.Token));
        }

        await Until(() => slots.Open == 0);
    }

    [Fact]
    public async Task Streams_end_when_the_host_stops_so_that_stopping_is_not_held_up()
    {
        await using var own = new FewStreamsHost();
        await own.InitializeAsync();
        using var response = await own.Client.GetAsync("/t/silence", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("retry: 2000", await reader.ReadLineAsync());
        var stopping = own.StopAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        // Ends cleanly: the end of the chunked body, not a broken connection.
        while (await reader.ReadLineAsync(patience.Token) is not null)
        {
        }

        await stopping.WaitAsync(patience.Token);
    }

    private async Task<HttpResponseMessage> OpenAsync()
    {
        var response = await host.Client.GetAsync("/t/silence", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(10, patience.Token);
        }
    }
}
