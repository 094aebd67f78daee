using System.Globalization;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Hardware;

/// <summary>
/// The host ports this agent may give to workloads. Agents of one machine know nothing of each other, and each network hands out the lowest ports first: where the owner named no range, each agent
/// takes a quarter of the usual one for itself, and the same one again after a restart, since bookings name its ports.
/// </summary>
internal sealed class PortBlock : IDisposable
{
    private const int Blocks = 4;
    private readonly FileStream? _hold;

    private PortBlock(int min, int max, FileStream? hold) => (Min, Max, _hold) = (min, max, hold);

    /// <summary>Lowest port.</summary>
    public int Min { get; }

    /// <summary>Highest port.</summary>
    public int Max { get; }

    /// <summary>The range the owner named, else the block of the last time, else the first that no running agent holds. More agents than blocks share: each workload's port is looked at before its start.</summary>
    public static PortBlock Take(AgentPaths paths, ResourceOptions resources, string holds)
    {
        var usual = new ResourceOptions();
        if (resources.PortMin != usual.PortMin || resources.PortMax != usual.PortMax)
        {
            return new PortBlock(resources.PortMin, resources.PortMax, null);
        }

        var file = Path.Combine(paths.Private, "ports");
        var known = File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var number) && number is >= 0 and < Blocks ? number : (int?)null;
        var (taken, hold) = known is { } last ? (last, Hold(holds, last)) : (0, null);
        for (var block = 0; known is null && hold is null && block < Blocks; block++)
        {
            (taken, hold) = (block, Hold(holds, block));
        }

        AgentPaths.WriteAtomically(file, System.Text.Encoding.ASCII.GetBytes(taken.ToString(CultureInfo.InvariantCulture)));
        var size = (usual.PortMax - usual.PortMin + 1) / Blocks;
        var min = usual.PortMin + (taken * size);
        return new PortBlock(min, min + size - 1, hold);
    }

    /// <inheritdoc/>
    public void Dispose() => _hold?.Dispose();

    /// <summary>Null when another agent has it, or another user's ever had.</summary>
    private static FileStream? Hold(string folder, int block)
    {
        try
        {
            return new FileStream(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"depin-agent-ports-{block}.lock")), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
