using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Deployments;

/// <summary><c>depin bids</c>.</summary>
public static class BidCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("deployment") { Description = "owner/dseq" };
        var gseq = new Option<int>("--group") { DefaultValueFactory = static _ => 1 };
        var provider = new Option<string>("--provider") { Required = true };
        var list = new Command("list", "bids of a deployment, cheapest first") { id };
        list.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var deployment = await session.GetAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}");
            var bids = new JsonArray([.. deployment["groups"]!.AsArray().SelectMany(static g => g!["order"]!["bids"]!.AsArray()).Select(static b => b!.DeepClone())]);
            return session.ShowTable(
                bids,
                ("bid", static b => (string?)b["id"]),
                ("status", static b => (string?)b["status"] + ((string?)b["bookedUntil"] is { } until && DateTimeOffset.Parse(until, System.Globalization.CultureInfo.InvariantCulture) < TimeProvider.System.GetUtcNow() ? ", booked again when taken" : "")),
                ("price a block", static b => $"{(string?)b["price"]} {(string?)b["denom"]}"),
                ("nodes", static b => string.Join(", ", b["nodes"]!.AsArray().Select(static n => (string?)n))));
        }));
        var accept = new Command("accept", "pick a bid") { id, gseq, provider };
        accept.SetAction(parse => DeploymentCommands.Act(parse, async session =>
        {
            var deployment = await session.GetAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}");
            var order = deployment["groups"]!.AsArray().FirstOrDefault(g => (int)g!["gseq"]! == parse.GetValue(gseq))?["order"]
                ?? throw new ApiException("group.not_found", $"{parse.GetValue(id)} has no group {parse.GetValue(gseq)}");
            return await session.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/groups/{parse.GetValue(gseq)}/orders/{order["oseq"]}/accept", new { provider = parse.GetValue(provider) });
        }));
        return new Command("bids", "bids for your orders") { list, accept };
    }
}
