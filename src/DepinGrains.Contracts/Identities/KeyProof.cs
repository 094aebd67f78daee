namespace DepinGrains.Contracts.Identities;

/// <summary>What the holder of a new key signs before it may be listed.</summary>
public static class KeyProof
{
    /// <summary>The text, UTF-8: <c>depin-key-proof\n{identity}\n{keyId}\n{role}</c> with the role in lower case.</summary>
    public static string Text(string identity, string keyId, KeyRole role) =>
        $"depin-key-proof\n{identity}\n{keyId}\n{role switch { KeyRole.Owner => "owner", KeyRole.Operator => "operator", _ => "node" }}";
}
