using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Commands;
using DepinGrains.Standalone.Tests.Processes;

[assembly: AssemblyFixture(typeof(RunningNetwork))]

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>One standalone with one running native lease, for all tests of <c>depin</c>; made when the first of them asks.</summary>
public sealed class RunningNetwork : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-cli-").FullName;
    private readonly SemaphoreSlim _once = new(1, 1);
    private StandaloneProcess? _standalone;
    private (Depin Tenant, string Lease)? _ready;

    internal string Folder => _folder;

    internal string Url => _standalone!.Url;

    /// <summary>The network's own identity, who may do what operators may.</summary>
    internal Depin Operator => new(Url, Path.Combine(_folder, "standalone", "identity.pem"));

    /// <summary>The tenant and its lease, running.</summary>
    internal async Task<(Depin Tenant, string Lease)> ReadyAsync()
    {
        await _once.WaitAsync();
        try
        {
            return _ready ??= await StartAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_standalone is not null)
        {
            await _standalone.DisposeAsync();
        }

        _once.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(Depin, string)> StartAsync()
    {
        _standalone = new StandaloneProcess(Path.Combine(_folder, "standalone"));
        await _standalone.StartAsync();
        var tenant = new Depin(_standalone.Url, Path.Combine(_folder, "tenant.pem"));
        await Programs.EventuallyAsync("the node is online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200");
        return (tenant, (string)deployed["leases"]![0]!["id"]!);
    }
}
