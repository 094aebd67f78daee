using DepinGrains.Agent.Common;
using DepinGrains.Agent.Hardware;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Tests;

public sealed class HardwareTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("depin-hw-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("NVIDIA A100-SXM4-80GB", 81920, "a100", "sxm4", 80)]
    [InlineData("NVIDIA A100-PCIE-40GB", 40960, "a100", "pcie", 40)]
    [InlineData("NVIDIA A100 80GB PCIe", 81920, "a100", "pcie", 80)]
    [InlineData("NVIDIA GeForce RTX 4090", 24564, "rtx4090", "pcie", 24)]
    [InlineData("NVIDIA GeForce RTX 3080 Ti", 12288, "rtx3080ti", "pcie", 12)]
    [InlineData("NVIDIA H100 80GB HBM3", 81559, "h100", "sxm5", 80)]
    [InlineData("NVIDIA H100 PCIe", 81559, "h100", "pcie", 80)]
    [InlineData("NVIDIA H100 NVL", 95830, "h100", "pcie", 94)]
    [InlineData("NVIDIA H200", 143771, "h200", "sxm5", 141)]
    [InlineData("Tesla T4", 15360, "t4", "pcie", 16)]
    [InlineData("Tesla V100-SXM2-16GB", 16384, "v100", "sxm2", 16)]
    [InlineData("NVIDIA L40S", 46068, "l40s", "pcie", 48)]
    [InlineData("NVIDIA RTX A6000", 49140, "rtxa6000", "pcie", 48)]
    [InlineData("NVIDIA RTX 6000 Ada Generation", 49140, "rtx6000", "pcie", 48)]
    public void Driver_names_become_the_words_of_orders(string name, long mebibytes, string model, string link, int gibibytes)
    {
        var gpu = Assert.Single(NvidiaDetector.Parse($"0, GPU-11, {name}, {mebibytes}\n"));
        Assert.Equal((model, link, gibibytes), (gpu.Model, gpu.Interface, (int)(gpu.MemoryBytes >> 30)));
        Assert.Equal(("nvidia", "GPU-11", name), (gpu.Vendor, gpu.Uuid, gpu.Name));
    }

    [Fact]
    public void Fields_that_are_not_available_and_lines_that_are_nonsense_do_no_harm()
    {
        var gpus = NvidiaDetector.Parse("No devices were found\n0, [N/A], NVIDIA GeForce RTX 3090, [N/A]\n\nx, y\n1, GPU-2, Odd, name, 24576\n");
        Assert.Equal([("0", "rtx3090", 0L), ("GPU-2", "oddname", 24L << 30)], gpus.Select(g => (g.Uuid, g.Model.Replace(",", "", StringComparison.Ordinal), g.MemoryBytes)));
    }

    [Fact]
    public async Task Program_named_nvidia_smi_on_the_path_is_asked()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("skipped: needs a shell");
        }

        var tool = Path.Combine(_root, "nvidia-smi");
        await File.WriteAllTextAsync(tool, "#!/bin/sh\n[ \"$2\" = --format=csv,noheader,nounits ] || exit 9\necho '0, GPU-a, NVIDIA A100-SXM4-80GB, 81920'\necho '1, GPU-b, NVIDIA A100-SXM4-80GB, 81920'\n");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", _root + ":" + path);
        try
        {
            var options = new AgentOptions { WorkDirectory = Path.Combine(_root, "not", "yet") };
            options.Containers.Enabled = false;
            options.Resources.MaxCpuMilli = 700;
            var hardware = await DepinAgent.DetectAsync(options, TimeProvider.System, CancellationToken.None);
            Assert.Equal(["GPU-a", "GPU-b"], hardware.Gpus.Select(g => g.Uuid));
            Assert.Equal(700, hardware.CpuMilli);
            Assert.True(hardware.MemoryBytes > 0 && hardware.Storage[0] is { Class: "ephemeral", Bytes: > 0 });
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [Fact]
    public void Limits_of_control_groups_version_2_count_up_to_the_root()
    {
        Put("proc/self/cgroup", "0::/a/b\n");
        Put("proc/meminfo", "MemTotal:       16000000 kB\n");
        Put("cg/cgroup.controllers", "cpu memory\n");
        Put("cg/a/b/cpu.max", "max 100000\n");
        Put("cg/a/cpu.max", "150000 100000\n");
        Put("cg/a/b/memory.max", "max\n");
        Put("cg/a/memory.max", "1073741824\n");
        var machine = new LinuxMachine(Path.Combine(_root, "proc"), Path.Combine(_root, "cg"));
        Assert.Equal((1_500, 1L << 30), (machine.CpuMilli(8), machine.MemoryBytes()));
    }

    [Fact]
    public void Limits_of_control_groups_version_1_count_and_no_limit_means_the_machine()
    {
        Put("proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n");
        Put("proc/meminfo", "MemTotal:       16000000 kB\n");
        Put("proc/cpuinfo", "processor : 0\nmodel name\t: AMD EPYC 7763\n");
        // A container sees its own group as the root of the mount.
        Put("cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Put("cg/cpu/cpu.cfs_quota_us", "50000\n");
        Put("cg/cpu/cpu.cfs_period_us", "100000\n");
        var machine = new LinuxMachine(Path.Combine(_root, "proc"), Path.Combine(_root, "cg"));
        Assert.Equal((500, 16_000_000L * 1024, "AMD EPYC 7763"), (machine.CpuMilli(8), machine.MemoryBytes(), machine.CpuModel()));
    }

    [Fact]
    public void Apple_silicon_says_so()
    {
        Assert.Equal(("Apple M2 Pro", 12_000, 34359738368), MacMachine.Parse("Apple M2 Pro", "12", "34359738368", 1, 1));
        Assert.Equal(("unknown", 4_000, 99), MacMachine.Parse("", "nonsense", "", 4, 99));
    }

    [Fact]
    public void Every_fault_of_the_options_is_named()
    {
        var options = new AgentOptions();
        options.Gateways.Add("ftp://x");
        options.Resources.PortMin = 50;
        options.Resources.PortMax = 40;
        options.Native.AllowedPrograms["x"] = "relative";
        options.Connection.BackOffMin = TimeSpan.Zero;
        var faults = new AgentOptionsValidator().Validate(null, options).Failures!.ToList();
        Assert.Equal(4, faults.Count);
        Assert.Contains(faults, f => f.StartsWith("Resources.PortMax is 40", StringComparison.Ordinal));
    }

    private void Put(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    [Fact]
    public void Agents_of_one_machine_take_ports_of_their_own_and_keep_them()
    {
        using var first = Block("a");
        var second = Block("b");
        Assert.True(first.Max < second.Min || second.Max < first.Min, $"{first.Min}-{first.Max} and {second.Min}-{second.Max}");
        var (min, max) = (second.Min, second.Max);
        second.Dispose();
        using var third = Block("c");
        Assert.Equal(min, third.Min);

        // Its bookings name its ports: it keeps them, also when another took them meanwhile.
        using var again = Block("b");
        Assert.Equal((min, max), (again.Min, again.Max));
    }

    [Fact]
    public void A_range_the_owner_named_is_the_range()
    {
        using var block = Block("d", resources => (resources.PortMin, resources.PortMax) = (20_000, 20_009));
        Assert.Equal((20_000, 20_009), (block.Min, block.Max));
    }

    private PortBlock Block(string name, Action<ResourceOptions>? change = null)
    {
        var paths = new AgentPaths(Path.Combine(_root, name));
        paths.Create();
        var resources = new ResourceOptions();
        change?.Invoke(resources);
        return PortBlock.Take(paths, resources, _root);
    }
}
