using System.Collections.Immutable;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DepinGrains.Agent.Tests.Support;

/// <summary>A real agent in this process on a work folder of its own, with times short enough for tests. Whatever it started is ended with it.</summary>
internal sealed class AgentHarness : IAsyncDisposable
{
    private CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;

    public AgentHarness(TestGateway? gateway = null)
    {
        WorkDirectory = Directory.CreateTempSubdirectory("depin-agent-").FullName;
        Options = Configure(WorkDirectory);
        if (gateway is not null)
        {
            Options.Gateways.Add(gateway.Address);
            Options.JoinToken = "token-1";
        }
    }

    public string WorkDirectory { get; }

    public AgentOptions Options { get; }

    public DepinAgent? Agent { get; private set; }

    public Task Run => _run;

    public static AgentOptions Configure(string workDirectory)
    {
        var options = new AgentOptions { WorkDirectory = workDirectory };
        options.Containers.Enabled = false;
        options.Native.Enabled = true;
        options.Native.AllowedPrograms["sh"] = "/bin/sh";
        options.Connection.BackOffMin = TimeSpan.FromMilliseconds(20);
        options.Connection.BackOffMax = TimeSpan.FromMilliseconds(200);
        options.Connection.ReportRetry = TimeSpan.FromMilliseconds(200);
        options.Workloads.ObserveInterval = TimeSpan.FromMilliseconds(50);
        options.Workloads.BackOffMin = TimeSpan.FromMilliseconds(100);
        options.Workloads.StopGrace = TimeSpan.FromSeconds(2);
        options.Logs.PollInterval = TimeSpan.FromMilliseconds(30);
        return options;
    }

    public void Start()
    {
        _stop = new CancellationTokenSource();
        Agent = new DepinAgent(Options, TimeProvider.System, NullLoggerFactory.Instance);
        var (agent, token) = (Agent, _stop.Token);
        _run = Task.Run(() => agent.RunAsync(token));
    }

    /// <summary>The agent goes; its workloads go on, unless its options say otherwise.</summary>
    public async Task StopAsync()
    {
        // A second time is for nothing: it must not hide what failed in between.
        using var stop = Interlocked.Exchange(ref _stop, new CancellationTokenSource());
        await stop.CancelAsync();
        await _run.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        // Ends what runs: an agent that starts without records of its workloads takes them for strays.
        var state = Path.Combine(WorkDirectory, "private", "state");
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
            Options.Gateways.Clear();
            Options.Gateways.Add("http://127.0.0.1:9");
            Start();
            await Wait.UntilAsync(() => _run.IsCompleted || !Directory.Exists(Path.Combine(WorkDirectory, "runs")) || Directory.GetDirectories(Path.Combine(WorkDirectory, "runs")).Length == 0, "strays to end");
            await StopAsync();
        }

        Directory.Delete(WorkDirectory, recursive: true);
    }

    public static WorkloadSpec Native(string program, string lease = "lease-1", string service = "web", int port = 0, params string[] args) => new(
        $"{lease}/{service}/0", lease, service, 0, "native:" + program, [], [.. args], [], 500, 256 << 20, [],
        port == 0 ? [] : [new PortBinding(80, port, "tcp")], [], null);

    public static WorkloadSpec Shell(string script, string lease = "lease-1", string service = "web") => Native("sh", lease, service, 0, "-c", script);
}
