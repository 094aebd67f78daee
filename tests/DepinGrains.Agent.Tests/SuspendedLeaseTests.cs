using DepinGrains.Agent.Common;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Tests;

/// <summary>A lease whose money ran out runs nothing, and comes back to what it left when it is filled again.</summary>
public sealed class SuspendedLeaseTests
{
    [Fact]
    public async Task Files_and_log_outlive_a_suspension_and_go_when_the_lease_is_over_though_it_ran_nothing_then()
    {
        SkipUnlessLinux();
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Options.Native.Sandbox = Options.NativeSandboxMode.None;
        var spec = AgentHarness.Shell("echo run >> \"$DEPIN_VOLUME_DATA/runs\"; echo \"runs $(wc -l < \"$DEPIN_VOLUME_DATA/runs\")\"; while :; do sleep 1; done")
            with { Volumes = [new VolumeMount("data", "beta2", true, 1 << 20, "/data", false)] };
        var volumes = Path.Combine(harness.WorkDirectory, "volumes");
        gateway.Want(spec);
        harness.Start();
        await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "runs 1"));

        gateway.Hold([spec.LeaseId]);
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
        await ForgottenAsync(harness);

        // The agent may be started anew meanwhile.
        await harness.StopAsync();
        harness.Start();
        gateway.Hold([spec.LeaseId], spec);
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "running again");
        var lines = await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "runs 2"));
        Assert.Equal(["runs 1", "runs 2"], lines.Where(static l => l.StartsWith("runs", StringComparison.Ordinal)));

        gateway.Hold([spec.LeaseId]);
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped again");
        await ForgottenAsync(harness);
        Assert.NotEmpty(Directory.GetDirectories(volumes));
        gateway.Hold([]);
        await Wait.UntilAsync(() => Directory.GetDirectories(volumes).Length == 0 && Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "logs")).Length == 0, "files and log to go");
    }

    [Fact]
    public void No_two_leases_have_one_user_and_a_lease_keeps_its_own()
    {
        var folder = Directory.CreateTempSubdirectory("depin-users-").FullName;
        var paths = new AgentPaths(folder);
        paths.Create();
        var store = new StateStore(paths, TimeProvider.System);
        store.SetHeld(["a", "b", "c"]);
        var users = new[] { "a", "b", "c" }.ToDictionary(static l => l, l => store.UserOf(l, 60_100, 3));
        Assert.Equal([60_100, 60_101, 60_102], users.Values.Order());
        Assert.Throws<InvalidOperationException>(() => store.UserOf("d", 60_100, 3));

        var again = new StateStore(paths, TimeProvider.System);
        Assert.All(users, u => Assert.Equal(u.Value, again.UserOf(u.Key, 60_100, 3)));
        again.SetHeld(["a", "c"]);
        Assert.Equal(["b"], again.LeftBehind);
        again.ForgetLease("a");
        again.ForgetLease("b");
        Assert.Equal(users["b"], again.UserOf("d", 60_100, 3));
        Assert.Equal(users["a"], again.UserOf("a", 60_100, 3));
        Directory.Delete(folder, recursive: true);
    }

    private static Task ForgottenAsync(AgentHarness harness) =>
        Wait.UntilAsync(() => Directory.GetFiles(Path.Combine(harness.WorkDirectory, "private", "state"), "w-*.json").Length == 0 && Directory.GetDirectories(Path.Combine(harness.WorkDirectory, "runs")).Length == 0, "the workload to be forgotten");

    private static void SkipUnlessLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("skipped: needs Linux");
        }
    }
}
