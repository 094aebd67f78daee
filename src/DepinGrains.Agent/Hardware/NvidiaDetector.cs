using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Agent.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Hardware;

/// <summary>GPUs as <c>nvidia-smi</c> lists them. No such program, no driver, a driver that fails: no GPUs.</summary>
internal sealed class NvidiaDetector(TimeProvider clock)
{
    private const int GpusMax = 64;
    private const string Fields = "index,uuid,name,memory.total";

    public async Task<ImmutableArray<GpuDevice>> DetectAsync(CancellationToken cancellationToken)
    {
        var result = await CommandRunner.RunAsync(
            "nvidia-smi", ["--query-gpu=" + Fields, "--format=csv,noheader,nounits"], TimeSpan.FromSeconds(20), clock, cancellationToken);
        return result.Ok ? Parse(result.Output) : [];
    }

    /// <summary>One card per line: <c>0, GPU-…, NVIDIA GeForce RTX 3090, 24576</c> (memory in MiB); a field may be <c>[N/A]</c>. Lines that are not that are skipped.</summary>
    public static ImmutableArray<GpuDevice> Parse(string csv)
    {
        var gpus = ImmutableArray.CreateBuilder<GpuDevice>();
        foreach (var line in csv.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (gpus.Count == GpusMax || fields.Length < 4 || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                continue;
            }

            // A name with a comma in it: uuid is second, memory is last.
            var name = string.Join(", ", fields[2..^1]);
            var mebibytes = long.TryParse(fields[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var m) && m < 1L << 40 ? m : 0;
            var (model, link) = GpuModels.Parse(name);
            var uuid = fields[1].StartsWith('[') || fields[1].Length == 0 ? index.ToString(CultureInfo.InvariantCulture) : fields[1];
            gpus.Add(new GpuDevice("nvidia", model, GpuMemory.NominalBytes(name, model, mebibytes), link, uuid, name));
        }

        return gpus.ToImmutable();
    }
}
