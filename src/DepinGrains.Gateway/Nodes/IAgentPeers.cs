namespace DepinGrains.Gateway.Nodes;

/// <summary>Knows the other gateways that hold agents' connections.</summary>
public interface IAgentPeers
{
    /// <summary>Where the gateway answers that said it holds a node's connection; null when none did, or it was this one.</summary>
    Task<Uri?> FindAsync(string node);
}

/// <summary>The only gateway there is.</summary>
internal sealed class NoPeers : IAgentPeers
{
    public Task<Uri?> FindAsync(string node) => Task.FromResult<Uri?>(null);
}
