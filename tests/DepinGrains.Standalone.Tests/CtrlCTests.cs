using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>Ctrl-C in the middle of work: what was answered stays, streams end, the process says goodbye with 0; a second start goes on with the same lease.</summary>
public sealed class CtrlCTests : StandaloneWalk
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public override async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task CtrlC_Drains_AndASecondStartContinues()
    {
        var tenant = Person("tenant");
        await Programs.EventuallyAsync("the node is online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200");
        Assert.True((bool)deployed["running"]!, deployed.ToJsonString());
        var lease = (string)deployed["leases"]![0]!["id"]!;
        var address = new Uri("http://" + (string)deployed["leases"]![0]!["workloads"]![0]!["addresses"]![0]!);

        // A reader of events and a writer are there when it comes.
        using var events = await _http.GetAsync(new Uri(Standalone.Url + "/v1/events"), HttpCompletionOption.ResponseHeadersRead);
        using var saver = new ApiClient(Standalone.Url, KeyFile("saver"));
        await saver.RegisterAsync();
        var enough = new TaskCompletionSource();
        var writing = WriteAsync(saver, enough);
        await enough.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(0, await Standalone.InterruptAsync());
        var answered = await writing;
        using var rest = new StreamReader(await events.Content.ReadAsStreamAsync());
        await rest.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30)); // ended whole, not cut off

        await Standalone.StartAsync();
        var balance = (long)(await saver.GetAsync("/v1/ledgers/uact/balance"))["available"]!;
        Assert.InRange(balance, answered, answered + 1); // one may have been done whose answer found nobody
        Assert.Equal("active", (string?)(await tenant.JsonAsync("lease", "show", lease))["status"]);
        var hello = await Programs.EventuallyAsync("the workload answers again", async () => (string?)await _http.GetStringAsync(address));
        Assert.Contains("hello from " + lease, hello, StringComparison.Ordinal);
        await tenant.RunAsync("ledger", "verify", "ACT");
        await tenant.RunAsync("deployment", "close", (string)deployed["deployment"]!["id"]!);
    }

    /// <summary>One unit after the other until the server is gone; how many were answered.</summary>
    private static async Task<int> WriteAsync(ApiClient saver, TaskCompletionSource enough)
    {
        for (var answered = 0; ; answered++)
        {
            if (answered == 50)
            {
                enough.TrySetResult();
            }

            try
            {
                if (!(await saver.SendAsync(HttpMethod.Post, "/v1/ledgers/uact/faucet", """{"amount":1}""")).IsSuccess)
                {
                    return answered;
                }
            }
            catch (HttpRequestException)
            {
                return answered;
            }
        }
    }
}
