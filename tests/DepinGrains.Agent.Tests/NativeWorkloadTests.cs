using System.Globalization;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Agent.Workloads.Native;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Testing;

namespace DepinGrains.Agent.Tests;

public sealed class NativeWorkloadTests
{
    [Fact]
    public async Task Hello_workload_answers_on_its_port_with_its_lease_and_stops_when_not_wanted()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var port = Ports.Free();
        var spec = AgentHarness.Native("depin-hello", lease: "lease-42", port: port);
        gateway.Want(spec);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "running");
        using var http = new HttpClient();
        string? answer = null;
        await Wait.UntilAsync(() => (answer = TryGet(http, port)) is not null, "an answer on the port");
        Assert.StartsWith("hello from lease-42\nrequest ", answer, StringComparison.Ordinal);

        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
        Assert.Null(TryGet(http, port));
        await Wait.UntilAsync(() => Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "volumes")).Length == 0, "the lease's folder to be removed");
        Assert.Empty(Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "runs")));
    }

    [Fact]
    public async Task Restarted_agent_finds_the_same_process_and_reports_nothing_twice()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Workloads.UsageInterval = TimeSpan.FromHours(1);
        var spec = AgentHarness.Shell("echo pid $$; while :; do sleep 1; done");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "running");
        // One: what an earlier test ended is gone, and a copy of the shell that is about to become another program is not counted.
        List<(int, long)> before = [];
        await Wait.UntilAsync(() => (before = Members(spec.Id)).Count == 1, "the program to carry its mark");
        await harness.StopAsync();
        await Wait.UntilAsync(() => Members(spec.Id).SequenceEqual(before), () => $"the same process, {before[0]}; {string.Join("; ", Members(spec.Id))}");

        var reports = gateway.DistinctReports;
        harness.Start();
        await Wait.UntilAsync(() => gateway.Hellos.Count >= 2 && gateway.Heartbeats.Count(h => h.Session >= 2) > 3, "the second session");

        await Wait.UntilAsync(() => Members(spec.Id).SequenceEqual(before), () => $"the same process, {before[0]}; {string.Join("; ", Members(spec.Id))}");
        Assert.Equal(reports, gateway.DistinctReports);
        Assert.Equal(1, gateway.JoinsSeen);
        Assert.Single(gateway.Pulls);
    }

    [Fact]
    public async Task Ended_program_is_started_again_after_a_wait_that_is_reported()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("echo turn; exit 3");
        gateway.Want(spec);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Restarts >= 2, "two restarts");
        var statuses = gateway.Statuses(spec.Id);
        Assert.Contains(statuses, s => s.Phase == WorkloadPhase.BackOff && s.Detail == "exited with code 3");
        // One more with each report of this workload, however the outbox gathered them.
        Assert.Equal(Enumerable.Range(0, statuses.Count).Select(i => statuses[0].Sequence + i), statuses.Select(s => s.Sequence));
    }

    [Fact]
    public async Task A_port_that_another_program_has_is_named_and_the_workload_starts_when_it_is_free()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var port = ((System.Net.IPEndPoint)other.LocalEndpoint).Port;
        var spec = AgentHarness.Shell("sleep 60") with { Ports = [new PortBinding(80, port, "tcp")] };
        gateway.Want(spec);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Last(spec.Id) is { Phase: WorkloadPhase.BackOff }, "a refused start");
        Assert.Equal($"port {port}/tcp of this machine is taken by another program", gateway.Last(spec.Id)!.Detail);
        other.Stop();
        await Wait.UntilAsync(() => gateway.Last(spec.Id) is { Phase: WorkloadPhase.Running }, "the workload runs");
    }

    [Fact]
    public async Task Stop_kills_children_that_made_sessions_of_their_own_and_ignore_signals()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Workloads.StopGrace = TimeSpan.FromMilliseconds(300);
        var spec = AgentHarness.Shell("trap '' TERM; (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &) ; while :; do sleep 1; done");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => Members(spec.Id).Count >= 2, "program and its daemon");

        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
        Assert.Empty(Members(spec.Id));
    }

    /// <summary>As a tenant does: the program asks its neighbour at the address it was given.</summary>
    [Fact]
    public async Task Program_reaches_the_other_services_of_its_lease_and_hears_of_no_other_lease()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var (port, foreign) = (Ports.Free(), Ports.Free());
        var hello = AgentHarness.Native("depin-hello", "lease-42", "my-api", port);
        var other = AgentHarness.Native("depin-hello", "lease-43", "stranger", foreign);
        const string Script = """
            env | grep DEPIN_AT; at=$DEPIN_AT_MY_API_80
            until exec 3<>/dev/tcp/${at%:*}/${at#*:}; do sleep 0.2; done
            printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3; echo; echo done; while :; do sleep 1; done
            """;
        var asking = AgentHarness.Native("bash", "lease-42", "web", 0, "-c", Script);
        gateway.Want(hello, other, asking);
        harness.Start();

        var lines = await LogLinesAsync(gateway, asking.Id, l => l.Any(x => x.Text == "done"));
        Assert.Contains($"DEPIN_AT_MY_API_80=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", lines);
        Assert.Contains(lines, l => l.Contains("hello from lease-42", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.Contains("STRANGER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Program_sees_only_its_own_environment_and_no_secret_shows_in_a_process_list()
    {
        SkipUnlessLinux();
        Environment.SetEnvironmentVariable("DEPIN_TEST_CANARY", "owner-canary");
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("env; echo done-env; while :; do sleep 1; done") with { Env = ["SECRET=tenant-canary", "MULTI=a\nb'c", "LD_PRELOAD=/nonexistent.so"] };
        gateway.Want(spec);
        harness.Start();

        var lines = await LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "done-env"));
        Assert.Contains("SECRET=tenant-canary", lines);
        Assert.Contains("MULTI=a", lines);
        Assert.Contains("b'c", lines);
        Assert.DoesNotContain(lines, l => l.Contains("owner-canary", StringComparison.Ordinal));
        var commandLines = Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(d => ReadOrEmpty(Path.Combine(d, "cmdline")));
        Assert.DoesNotContain(commandLines, c => c.Contains("tenant-canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sandboxed_program_has_no_rights_and_does_not_see_the_host()
    {
        SkipUnlessLinux();
        if (await NativeSandbox.ProbeAsync(Options.NativeSandboxMode.Auto, TimeProvider.System, default) != SandboxKind.Bubblewrap)
        {
            Assert.Skip("skipped: needs bubblewrap");
        }

        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell(
            "grep CapEff /proc/self/status; id -u; ls /etc/shadow /root /home 2>&1; ls /proc | grep -c '^[0-9]'; echo data > /data/f && cat /data/f; touch /usr/x 2>&1; echo over; while :; do sleep 1; done")
            with { Volumes = [new VolumeMount("data", "ephemeral", true, 1 << 20, "/data", false)] };
        gateway.Want(spec);
        harness.Start();

        var lines = await LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "over"));
        Assert.Contains("CapEff:\t0000000000000000", lines);
        Assert.DoesNotContain("0", lines.Where(l => l == "0"));
        Assert.Contains(lines, l => l.Contains("/etc/shadow", StringComparison.Ordinal) && l.Contains("No such file", StringComparison.Ordinal));
        Assert.Contains("data", lines);
        Assert.Contains(lines, l => l.Contains("/usr/x", StringComparison.Ordinal));
        Assert.Contains(lines, l => int.TryParse(l, CultureInfo.InvariantCulture, out var processes) && processes is > 0 and < 8);
    }

    [Fact]
    public async Task Program_not_on_the_list_is_refused_without_a_sandbox_and_not_tried_again()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Native.Sandbox = Options.NativeSandboxMode.None;
        var bad = AgentHarness.Native("env", service: "bad");
        var good = AgentHarness.Shell("while :; do sleep 1; done", service: "good");
        gateway.Want(bad, good);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Last(bad.Id)?.Phase == WorkloadPhase.Failed && gateway.Last(good.Id)?.Phase == WorkloadPhase.Running, "one refused, one running");
        Assert.Equal("native program 'env' is not on this node's allow-list", gateway.Last(bad.Id)!.Detail);
        Assert.Single(gateway.Statuses(bad.Id));
    }

    [Fact]
    public async Task Changed_spec_replaces_the_process()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("echo one; while :; do sleep 1; done");
        gateway.Want(spec);
        harness.Start();
        await LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "one"));
        gateway.Want(spec with { Args = ["-c", "echo two; while :; do sleep 1; done"] });
        var lines = await LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "two"));
        Assert.Equal(["one", "two"], lines.Where(l => l is "one" or "two"));
    }

    [Fact]
    public async Task Memory_beyond_the_lease_ends_the_program()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        // Reads one line without an end: the shell keeps it in memory.
        var spec = AgentHarness.Shell("x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x}; sleep 1000") with { MemoryBytes = 40 << 20 };
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.BackOff, "ended");
    }

    [Fact]
    public async Task What_a_workload_uses_of_processor_and_memory_is_reported_and_grows()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Workloads.UsageInterval = TimeSpan.FromSeconds(1);
        var spec = AgentHarness.Shell("while :; do :; done");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id) is { CpuMillisUsed: > 0, MemoryBytes: > 0 }, () => $"usage; {gateway.Last(spec.Id)}");
        var first = gateway.Last(spec.Id)!.CpuMillisUsed;
        await Wait.UntilAsync(() => gateway.Last(spec.Id)!.CpuMillisUsed > first, () => $"more usage; {gateway.Last(spec.Id)}");
    }

    [Fact]
    public async Task Many_that_start_at_once_do_not_disturb_each_other()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Workloads.BackOffMin = TimeSpan.FromMinutes(2);
        WorkloadSpec[] specs = [.. Enumerable.Range(0, 12).Select(static n => AgentHarness.Shell("while :; do sleep 1; done", service: $"s{n}"))];
        gateway.Want(specs);
        harness.Start();
        await Wait.UntilAsync(() => specs.All(s => gateway.Last(s.Id)?.Phase == WorkloadPhase.Running), () => string.Join("; ", specs.Select(s => gateway.Last(s.Id))));
        Assert.All(specs, s => Assert.Equal(0, gateway.Last(s.Id)!.Restarts));
    }

    [Fact]
    public async Task Writing_more_than_was_ordered_ends_the_program_with_the_numbers()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Workloads.VolumeCheckInterval = TimeSpan.FromMilliseconds(100);
        harness.Options.Workloads.BackOffMin = TimeSpan.FromMinutes(1);
        harness.Options.Logs.RawBytes = 64 << 10;
        const string Fill = "i=0; while :; do head -c 1000000 /dev/zero > \"$0/$i\"; i=$((i+1)); sleep 0.02; done";
        var own = AgentHarness.Native("sh", service: "own", args: ["-c", Fill, "."]) with { StorageBytes = 10_000_000 };
        var volume = AgentHarness.Native("sh", service: "volume", args: ["-c", Fill, "/data"]) with { StorageBytes = 10_000_000, Volumes = [new VolumeMount("data", "ephemeral", true, 5_000_000, "/data", false)] };
        gateway.Want(own, volume);
        harness.Start();
        foreach (var id in (string[])[own.Id, volume.Id])
        {
            await Wait.UntilAsync(() => gateway.Statuses(id).Any(static s => s.Phase == WorkloadPhase.BackOff), () => $"the end of {id}; {string.Join("; ", gateway.Statuses(id))}");
        }

        Assert.Contains("the lease has 10000000 of ephemeral storage", gateway.Last(own.Id)!.Detail, StringComparison.Ordinal);
        Assert.Contains("volume 'data' holds more than", gateway.Last(volume.Id)!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_that_comes_faster_than_it_can_be_kept_is_lost_with_a_word_and_fills_no_disk()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Logs.RawBytes = 1 << 20;
        var spec = AgentHarness.Shell("while :; do yes 'twenty bytes a line' | head -c 5000000; sleep 0.05; done") with { StorageBytes = 1 << 30 };
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "it runs");
        await gateway.SendAsync(new GatewayLogRequest("logs", spec.Id, 0, 0, true));
        await Wait.UntilAsync(() => gateway.Logs.SelectMany(static l => l.Lines).Count(static l => l.Stream == "agent" && l.Text.EndsWith("bytes of standard output were lost: they came faster than they can be kept", StringComparison.Ordinal)) >= 3, "three words");
        Assert.Equal((WorkloadPhase.Running, 0), (gateway.Last(spec.Id)!.Phase, gateway.Last(spec.Id)!.Restarts));
    }

    [Fact]
    public async Task Stopping_on_exit_ends_workloads_and_the_next_start_brings_them_back()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.StopWorkloadsOnExit = true;
        var spec = AgentHarness.Shell("while :; do sleep 1; done");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "running");
        await harness.StopAsync();
        Assert.Empty(Members(spec.Id));
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id) is { Phase: WorkloadPhase.Running, Restarts: 1 }, "running again");
    }

    internal static async Task<IReadOnlyList<string>> LogLinesAsync(TestGateway gateway, string workload, Func<IReadOnlyList<LogLine>, bool> enough)
    {
        await Wait.UntilAsync(() => gateway.Last(workload) is { Phase: WorkloadPhase.Running or WorkloadPhase.BackOff }, "the workload to run");
        var request = Guid.NewGuid().ToString();
        await gateway.SendAsync(new GatewayLogRequest(request, workload, 0, 0, true));
        IReadOnlyList<LogLine> lines = [];
        await Wait.UntilAsync(() => enough(lines = [.. gateway.Logs.Where(l => l.Id == request).SelectMany(l => l.Lines)]), "log lines");
        await gateway.SendAsync(new GatewayStreamClose(request));
        Assert.Equal(Enumerable.Range(0, lines.Count).Select(i => (long)i), lines.Select(l => l.Offset));
        return [.. lines.Select(l => l.Text)];
    }

    private static List<(int, long)> Members(string workload) =>
        [.. ProcessTable.Members(0, "DEPIN_WORKLOAD=" + workload).Where(m => m.Name == "sh").Select(m => (m.Pid, m.StartTicks)).Order()];

    private static string? TryGet(HttpClient http, int port)
    {
        try
        {
            return http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/")).GetAwaiter().GetResult();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void SkipUnlessLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("skipped: needs Linux");
        }
    }
}
