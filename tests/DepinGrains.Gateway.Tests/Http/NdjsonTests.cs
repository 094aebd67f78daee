using System.Net;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>Lists in lines: whole, or seen not to be.</summary>
public sealed class NdjsonTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_whole_list_is_a_value_a_line()
    {
        var lines = (await host.Client.GetStringAsync("/t/lines?fail=0")).Split('\n');
        Assert.Equal((100_001, "1", "100000", ""), (lines.Length, lines[0], lines[^2], lines[^1]));
    }

    [Fact]
    public async Task What_fails_before_the_first_line_is_a_problem()
    {
        using var answer = await host.Client.GetAsync("/t/lines?fail=1");
        await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, RequestError.Unavailable);
    }

    [Fact]
    public async Task What_fails_later_breaks_off_so_that_nobody_takes_a_part_for_the_whole() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => host.Client.GetStringAsync("/t/lines?fail=90000"));
}
