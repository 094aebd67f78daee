using System.Net;
using System.Net.Sockets;
using System.Text;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Tests.Http;

public sealed class BadInputTests(ApiHost host) : IClassFixture<ApiHost>
{
    public static TheoryData<string, string, string?, int, string> Requests() => new()
    {
        { "GET", "/nowhere", null, 404, RequestError.NotFound },
        { "POST", "/nowhere", "{}", 404, RequestError.NotFound },
        { "DELETE", "/t/echo", null, 405, RequestError.MethodNotAllowed },
        { "POST", "/t/echo", "", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{", 400, RequestError.Malformed },
        { "POST", "/t/echo", "[]", 400, RequestError.Malformed },
        { "POST", "/t/echo", "null", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\"}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":null,\"number\":1}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":1,\"more\":2}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":1,\"number\":2}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":\"1\"}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":NaN}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":99999999999999999999}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":1,\"colour\":\"green\"}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"x\",\"number\":1,\"colour\":1}", 400, RequestError.Malformed },
        { "POST", "/t/echo", "{\"text\":\"\\ud800\",\"number\":1}", 400, RequestError.Malformed },
        { "GET", "/t/number/many", null, 400, RequestError.Malformed },
        { "GET", "/t/page?limit=0", null, 400, RequestError.LimitInvalid },
        { "GET", "/t/page?limit=-1", null, 400, RequestError.LimitInvalid },
        { "GET", "/t/page?limit=1e3", null, 400, RequestError.LimitInvalid },
        { "GET", "/t/page?limit=99999999999", null, 400, RequestError.LimitInvalid },
        { "GET", "/t/page?cursor=%00", null, 400, RequestError.CursorInvalid },
        { "GET", "/t/cursor?cursor=abc", null, 400, RequestError.CursorInvalid },
        { "GET", "/t/cursor?cursor=***", null, 400, RequestError.CursorInvalid },
        { "GET", "/t/stream?after=minus", null, 400, RequestError.EventIdInvalid },
        { "GET", "/t/whoami", null, 401, RequestError.Unauthenticated },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Bad_input_is_a_problem_with_a_code(string method, string path, string? body, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonBody.Of(body) };
        request.Headers.Add("Idempotency-Key", "k");
        // Even a browser that asks for HTML is told in problem+json.
        request.Headers.Add("Accept", "text/html");
        using var response = await host.Client.SendAsync(request);
        var problem = await ProblemAssert.IsAsync(response, (HttpStatusCode)status, code);
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task Good_input_passes()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{\"text\":\"Zoë 🦀\",\"number\":1,\"colour\":\"dark_blue\"}") };
        request.Headers.Add("Idempotency-Key", "k");
        using var response = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("\"dark_blue\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_errors_name_the_place()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{\n\"text\":\"x\",\n\"number\":true}") };
        request.Headers.Add("Idempotency-Key", "k");
        using var response = await host.Client.SendAsync(request);
        var problem = await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, RequestError.Malformed);
        Assert.Equal("$.number", problem.GetProperty("facts").GetProperty("path").GetString());
        Assert.Equal("3", problem.GetProperty("facts").GetProperty("line").GetString());
    }

    [Fact]
    public async Task Too_deep_bodies_and_other_media_types_are_refused()
    {
        await RefusedAsync(JsonBody.Of("{\"text\":\"x\",\"number\":1,\"any\":" + new string('[', 40) + new string(']', 40) + "}"), HttpStatusCode.BadRequest, RequestError.Malformed);
        await RefusedAsync(new StringContent("<x/>", Encoding.UTF8, "application/xml"), HttpStatusCode.UnsupportedMediaType, RequestError.UnsupportedMediaType);
        await RefusedAsync(new ByteArrayContent([0xFF, 0xFE, 0x00]) { Headers = { ContentType = new("application/json") } }, HttpStatusCode.BadRequest, RequestError.Malformed);
    }

    [Fact]
    public async Task A_body_is_bounded_with_and_without_a_length()
    {
        foreach (var chunked in new[] { false, true })
        {
            await SendAsync(chunked);
        }
    }

    private async Task SendAsync(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{\"text\":\"" + new string('x', 70_000) + "\",\"number\":1}") };
        request.Headers.Add("Idempotency-Key", "k");
        await host.TooLargeAsync(request, chunked);
    }

    [Theory]
    [InlineData(null, RequestError.IdempotencyKeyMissing)]
    [InlineData("", RequestError.IdempotencyKeyInvalid)]
    [InlineData("two words", RequestError.IdempotencyKeyInvalid)]
    [InlineData("a,b", RequestError.IdempotencyKeyInvalid)]
    public async Task A_post_without_a_usable_idempotency_key_is_refused(string? key, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{\"text\":\"x\",\"number\":1}") };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        using var response = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task An_idempotency_key_sent_twice_or_too_long_is_refused_and_dry_runs_need_none()
    {
        using var twice = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{}") };
        twice.Headers.Add("Idempotency-Key", ["a", "b"]);
        using (var response = await host.Client.SendAsync(twice))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, RequestError.IdempotencyKeyInvalid);
        }

        using var large = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = JsonBody.Of("{}") };
        large.Headers.Add("Idempotency-Key", new string('k', 129));
        using (var response = await host.Client.SendAsync(large))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, RequestError.IdempotencyKeyInvalid);
        }

        using var dry = await host.Client.PostAsync("/t/dry-run", null);
        Assert.Equal(HttpStatusCode.OK, dry.StatusCode);
    }

    [Fact]
    public async Task Garbage_on_the_wire_does_not_harm_the_next_caller()
    {
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /\0 HTTP/9.9\r\n\r\n"));
            var answer = new byte[256];
            var read = await socket.GetStream().ReadAsync(answer);
            Assert.StartsWith("HTTP/1.1 ", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        }

        using var next = await host.Client.GetAsync("/t/number/7");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    private async Task RefusedAsync(HttpContent content, HttpStatusCode status, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/t/echo") { Content = content };
        request.Headers.Add("Idempotency-Key", "k");
        using var response = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(response, status, code);
    }
}
