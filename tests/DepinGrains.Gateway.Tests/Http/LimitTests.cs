using System.Net;
using DepinGrains.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>Two requests a second of an address, one of a caller.</summary>
public sealed class SlowHost : ApiHost
{
    protected override Dictionary<string, string?> Settings => new(base.Settings) { ["Http:AddressRequestsPerSecond"] = "3", ["Http:BurstSeconds"] = "4", ["Http:CallerRequestsPerSecond"] = "1", ["Http:LoopbackOnly"] = "true" };
}

public sealed class LimitTests(SlowHost host) : IClassFixture<SlowHost>
{
    [Fact]
    public async Task Too_many_requests_are_told_when_to_come_back_first_by_caller_then_by_address()
    {
        var caller = await host.RegisterAsync();
        string? by = null;
        for (var i = 0; by != "address"; i++)
        {
            Assert.True(i < 200, "the address was never limited");
            using var response = await caller.GetAsync("/t/whoami");
            if (response.StatusCode == HttpStatusCode.OK)
            {
                continue;
            }

            var problem = await ProblemAssert.IsAsync(response, HttpStatusCode.TooManyRequests, RequestError.RateLimited);
            Assert.True(response.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
            var now = problem.GetProperty("facts").GetProperty("by").GetString();
            Assert.True(by is not null || now == "caller", "the caller's own limit comes first");
            by = now;
        }
    }

    [Theory]
    [InlineData("localhost:5000", null, null, null)]
    [InlineData("127.0.0.1:5000", "http://127.0.0.1:5000", null, null)]
    [InlineData("[::1]:5000", "http://[::1]:5000", null, null)]
    [InlineData("localhost:5000", "http://127.0.0.1:5000", null, null)]
    [InlineData("evil.example:5000", null, null, RequestError.HostNotAllowed)]
    [InlineData("localhost.evil.example", null, null, RequestError.HostNotAllowed)]
    [InlineData("192.168.1.5", null, null, RequestError.HostNotAllowed)]
    [InlineData("", null, null, RequestError.HostNotAllowed)]
    [InlineData("localhost:5000", "http://evil.example", null, RequestError.OriginNotAllowed)]
    [InlineData("localhost:5000", "http://localhost:6000", null, RequestError.OriginNotAllowed)]
    [InlineData("localhost:5000", "null", null, RequestError.OriginNotAllowed)]
    [InlineData("localhost:5000", "file:///x", null, RequestError.OriginNotAllowed)]
    [InlineData("localhost:5000", null, "cross-site", RequestError.OriginNotAllowed)]
    [InlineData("localhost:5000", null, "same-origin", null)]
    public void Only_this_machines_own_pages_and_programs_are_answered(string hostHeader, string? origin, string? site, string? code)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Scheme = "http";
        context.Request.Headers.Host = hostHeader;
        context.Request.Headers.Origin = origin;
        context.Request.Headers["Sec-Fetch-Site"] = site;
        Assert.Equal(code, LoopbackGuard.Refuse(context.Request)?.Code);
    }

    [Fact]
    public async Task A_foreign_host_header_is_a_problem_over_the_wire()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/t/number/1");
        request.Headers.Host = "rebound.example";
        using var response = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, RequestError.HostNotAllowed);
    }

    [Theory]
    [InlineData("0000:1234::1", "0000:1234::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    public void Addresses_one_host_can_pick_count_as_one(string one, string other, bool same)
    {
        Assert.Equal(same, Of(one) == Of(other));

        static string Of(string address)
        {
            var context = new DefaultHttpContext();
            context.Connection.RemoteIpAddress = IPAddress.Parse(address);
            return RateLimits.AddressOf(context);
        }
    }

    [Fact]
    public void Options_out_of_range_stop_the_start()
    {
        Assert.True(new HttpOptionsValidator().Validate(null, new HttpOptions()).Succeeded);
        Assert.True(new HttpOptionsValidator().Validate(null, new HttpOptions { BodyBytesMax = 0 }).Failed);
        Assert.True(new HttpOptionsValidator().Validate(null, new HttpOptions { Network = "No Spaces" }).Failed);
        Assert.True(new HttpOptionsCrossCheck().Validate(null, new HttpOptions { PageSizeDefault = 900 }).Failed);
        Assert.Throws<OptionsValidationException>(() => Start());

        static void Start()
        {
            var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder();
            builder.Configuration["Http:PageSizeMax"] = "0";
            builder.Services.AddDepinHttp(builder.Configuration);
            using var app = builder.Build();
            _ = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<IOptions<HttpOptions>>(app.Services).Value;
        }
    }
}
