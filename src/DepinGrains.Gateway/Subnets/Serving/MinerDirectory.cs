namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>A miner as the router sees it.</summary>
/// <param name="Netuid">The subnet.</param>
/// <param name="Uid">Its uid there.</param>
/// <param name="Hotkey">Who it is; a uid changes hands.</param>
/// <param name="PayTo">The ledger account it is paid to.</param>
/// <param name="Address">Where it speaks OpenAI's protocol, without a slash at the end, e.g. <c>http://203.0.113.5:8091/v1</c>.</param>
/// <param name="Incentive">Of the last epoch, u16.</param>
/// <param name="RegisteredAt">Block of the uid's registration.</param>
public sealed record Miner(int Netuid, int Uid, string Hotkey, string PayTo, string Address, ushort Incentive, long RegisteredAt = 0);

/// <summary>Who serves a subnet.</summary>
public interface IMinerDirectory
{
    /// <summary>The miners of a subnet that announced an address; null when there is no such subnet.</summary>
    ValueTask<IReadOnlyList<Miner>?> FindAsync(int netuid, CancellationToken cancel);

    /// <summary>The subnets there are, ascending.</summary>
    ValueTask<IReadOnlyList<int>> ListAsync(CancellationToken cancel);
}
