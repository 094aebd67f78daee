using System.Net;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Tests.Http;

public sealed class ProblemTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("ledger.insufficient_funds", 422)]
    [InlineData("lease.not_found", 404)]
    [InlineData("identity.key_unknown", 401)]
    [InlineData("identity.key_not_found", 404)]
    [InlineData("identity.exists", 409)]
    [InlineData("events.gone", 410)]
    [InlineData("identity.foreign", 403)]
    [InlineData("identity.signature_expired", 401)]
    [InlineData("request.id_reused", 422)]
    [InlineData("sdl.invalid", 400)]
    public async Task A_refusal_carries_its_code_its_status_and_its_numbers(string code, int status)
    {
        using var response = await host.Client.GetAsync("/t/refused/" + code);
        var problem = await ProblemAssert.IsAsync(response, (HttpStatusCode)status, code);
        Assert.Equal("No, 3 of 2.", problem.GetProperty("detail").GetString());
        Assert.Equal("3", problem.GetProperty("facts").GetProperty("wanted").GetString());
        Assert.Equal("2", problem.GetProperty("facts").GetProperty("had").GetString());
    }

    [Theory]
    [InlineData("/t/timeout", RequestError.Unavailable)]
    [InlineData("/t/overload", RequestError.Overloaded)]
    [InlineData("/t/ledger-unknown", RequestError.Unavailable)]
    [InlineData("/t/ledger-overload", RequestError.Overloaded)]
    [InlineData("/t/state-lost", RequestError.Unavailable)]
    [InlineData("/t/store-away", RequestError.Unavailable)]
    public async Task Broken_infrastructure_says_when_to_ask_again(string path, string code)
    {
        using var response = await host.Client.GetAsync(path);
        await ProblemAssert.IsAsync(response, HttpStatusCode.ServiceUnavailable, code);
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task A_bug_tells_its_trace_id_and_nothing_else()
    {
        using var response = await host.Client.GetAsync("/t/bug");
        await ProblemAssert.IsAsync(response, HttpStatusCode.InternalServerError, RequestError.Internal);
        Assert.DoesNotContain("secret detail", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_known_already_is_not_sent_again()
    {
        using var first = await host.Client.GetAsync("/t/version");
        Assert.Equal("\"12\"", first.Headers.ETag?.Tag);
        foreach (var (header, status) in new[] { ("\"12\"", 304), ("W/\"12\"", 304), ("\"1\", \"12\"", 304), ("*", 304), ("\"11\"", 200), ("junk", 200) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/t/version");
            request.Headers.TryAddWithoutValidation("If-None-Match", header);
            using var response = await host.Client.SendAsync(request);
            Assert.Equal((header, (HttpStatusCode)status), (header, response.StatusCode));
            Assert.Equal(status == 304 ? "" : "\"v\"", await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_change_that_insists_on_an_old_version_is_refused()
    {
        foreach (var (header, status, code) in new[]
        {
            ("\"12\"", 200, null), ("W/\"12\"", 200, null), ("*", 200, null),
            ("\"11\"", 412, RequestError.VersionMismatch), ("12", 400, RequestError.EtagInvalid), ("\"x\"", 400, RequestError.EtagInvalid), ("\"1\",\"12\"", 400, RequestError.EtagInvalid),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, "/t/version");
            request.Headers.TryAddWithoutValidation("If-Match", header);
            using var response = await host.Client.SendAsync(request);
            if (code is null)
            {
                Assert.Equal((header, HttpStatusCode.OK), (header, response.StatusCode));
            }
            else
            {
                await ProblemAssert.IsAsync(response, (HttpStatusCode)status, code);
            }
        }
    }

    [Theory]
    [InlineData("/t/page", "{\"limit\":50,\"cursor\":null}")]
    [InlineData("/t/page?limit=7&cursor=abc", "{\"limit\":7,\"cursor\":\"abc\"}")]
    [InlineData("/t/page?limit=1000000", "{\"limit\":500,\"cursor\":null}")]
    public async Task Pages_are_clamped(string path, string expected) => Assert.Equal(expected, await host.Client.GetStringAsync(path));

    [Fact]
    public void A_cursor_belongs_to_its_list()
    {
        var cursor = Cursors.Encode("list", "position\n7");
        Assert.Equal("position\n7", Cursors.Decode("list", cursor).Value);
        Assert.Equal(RequestError.CursorInvalid, Cursors.Decode("other", cursor).Refusal?.Code);
        Assert.True(Cursors.Decode("list", null).IsOk);
    }

    [Fact]
    public async Task The_openapi_document_says_how_to_prove_who_you_are()
    {
        var text = await host.Client.GetStringAsync("/openapi/v1.json");
        var document = System.Text.Json.JsonDocument.Parse(text).RootElement;
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var register = document.GetProperty("paths").GetProperty("/v1/identities").GetProperty("post");
        var headers = register.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToArray();
        Assert.Equal("Idempotency-Key Content-Digest Signature-Input Signature", string.Join(' ', headers));
        Assert.True(register.GetProperty("responses").TryGetProperty("422", out _));
        var get = document.GetProperty("paths").GetProperty("/v1/identities/{id}").GetProperty("get");
        Assert.Equal(2, get.GetProperty("security").GetArrayLength());
        Assert.Equal("id", Assert.Single(get.GetProperty("parameters").EnumerateArray().ToArray()).GetProperty("name").GetString());
        Assert.Contains("IdentityResponse", get.GetProperty("responses").GetProperty("200").ToString(), StringComparison.Ordinal);
    }
}
