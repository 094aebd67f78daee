using System.Globalization;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A lease that runs samples/hello-native.yaml, whose server counts its requests: when the count is ours, it is still the same process.</summary>
internal sealed class Hello : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly ApiClient _api;
    private readonly Uri _address;
    private int _requests;

    private Hello(ApiClient api, string deployment, string lease, Uri address) => (_api, Deployment, Lease, _address) = (api, deployment, lease, address);

    public string Deployment { get; }

    public string Lease { get; }

    /// <summary>The tenant's own client.</summary>
    public ApiClient Tenant => _api;

    /// <summary>Deploys and waits until it answers.</summary>
    public static async Task<Hello> RunAsync(StandaloneProcess standalone, Depin tenant)
    {
        await Programs.EventuallyAsync("a node is online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200", "--deposit", "20");
        var lease = deployed["leases"]![0]!;
        var hello = new Hello(
            new ApiClient(standalone.Url, tenant.KeyFile),
            (string)deployed["deployment"]!["id"]!,
            (string)lease["id"]!,
            new Uri("http://" + (string)lease["workloads"]![0]!["addresses"]![0]!));
        await Programs.EventuallyAsync("the workload answers", async () =>
        {
            await hello.AnswersAsync();
            return "yes";
        });
        return hello;
    }

    /// <summary>It answers, and has answered us alone and everything since it began.</summary>
    public async Task AnswersAsync()
    {
        var text = await _http.GetStringAsync(_address);
        _requests++;
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"hello from {Lease}\nrequest {_requests}\n"), text);
    }

    /// <summary>The lease is active on a node that is online, streams, and runs in the process it began in.</summary>
    public async Task GoesOnAsync()
    {
        var lease = await _api.GetAsync("/v1/leases/" + Lease);
        Assert.Equal("active", (string?)lease["status"]);
        var node = (string)lease["workloads"]![0]!["node"]!;
        await Programs.EventuallyAsync("its node is online", async () => (string?)(await _api.GetAsync("/v1/nodes/" + node))["status"] == "online" ? "yes" : null);
        var before = await CostAsync();
        await Programs.EventuallyAsync("the cost rises", async () => await CostAsync() > before ? "yes" : null);
        await AnswersAsync();
        Assert.Equal(0, (int)lease["workloads"]![0]!["status"]!["restarts"]!);
        Assert.Equal("active", (string?)(await _api.GetAsync("/v1/leases/" + Lease))["status"]);
    }

    public async Task<long> CostAsync() => (long)(await _api.GetAsync($"/v1/deployments/{Deployment}/escrow"))["costSoFar"]!;

    public void Dispose()
    {
        _http.Dispose();
        _api.Dispose();
    }
}
