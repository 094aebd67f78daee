using System.Text.Json;
using System.Text.Json.Serialization;

namespace DepinGrains.Grains.State;

/// <summary>Base of everything kept in a row's JSON document. Members written by a newer version are kept on rewrite.</summary>
public abstract record RowDocument
{
    /// <summary>Version of the document's shape; raised when a reader must convert.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Members this version does not know.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }
}
