using System.Text.Json;
using System.Text.Json.Serialization;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>An order as the feed shows it.</summary>
/// <param name="Id"><c>owner/dseq/gseq/oseq</c>.</param>
/// <param name="ReclaimMinSeconds">The reclamation window a bid must offer at least, 0 = none asked.</param>
public sealed record FeedOrder(string Id, OrderStatus Status, GroupSpec Spec, string Ceiling, string Denom, DateTimeOffset OpenedAt, long ReclaimMinSeconds)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) } };

    /// <summary>The tenant.</summary>
    public string Owner => Id.Split('/')[0];

    /// <summary>The currency as the SDL names it, which is the name Akash's pricing scripts know: USDC is an <c>ibc/…</c> there, and <c>uusdc</c> on the ledger.</summary>
    public string Priced => Spec.Units is [var unit, ..] ? unit.Price.Denom : Denom;

    /// <summary>Where bids for it go.</summary>
    public string BidsPath => Id.Split('/') is [var owner, var dseq, var gseq, var oseq] ? $"/v1/deployments/{owner}/{dseq}/groups/{gseq}/orders/{oseq}/bids" : throw new JsonException($"not an order id: {Id}");

    /// <summary>Reads an event's data.</summary>
    public static FeedOrder Read(string data) => JsonSerializer.Deserialize<FeedOrder>(data, Json) ?? throw new JsonException("null is no order");
}
