namespace DepinGrains.Cli.Common;

/// <summary>What to do about a refusal, by its code; the sentence the API cannot know, because it names our commands.</summary>
internal static class Hints
{
    private static readonly Dictionary<string, string> ByCode = new(StringComparer.Ordinal)
    {
        ["ledger.insufficient_funds"] = "see what you have with 'depin ledger balance'; 'depin faucet 100 ACT' gives play money where the network has a faucet",
        ["ledger.token_unknown"] = "tokens are written as ACT, AKT or as a denomination such as uact",
        ["ledger.faucet_not_allowed"] = "ask somebody who has money, or run your own network: its faucet is on while it is bound to loopback",
        ["ledger.faucet_amount"] = "ask for less",
        ["identity.foreign"] = "this is another's: check --key (or DEPIN_KEY)",
        ["identity.signature_expired"] = "check this machine's clock",
        ["identity.signature_from_future"] = "check this machine's clock",
        ["identity.token_expired"] = "check this machine's clock",
        ["identity.token_from_future"] = "check this machine's clock",
        ["identity.token_audience"] = "the server belongs to another network: give its name with --network (or DEPIN_NETWORK)",
        ["identity.token_invalid"] = "the server belongs to another network, or your key is not registered there: 'depin identity show' registers it",
        ["identity.not_found"] = "'depin identity show' registers your key",
        ["identity.key_unknown"] = "'depin identity show' registers your key",
        ["deployment.not_found"] = "ids are owner/dseq; 'depin deployment list' shows yours",
        ["deployment.not_active"] = "'depin deployment show' tells its state",
        ["deployment.insufficient_funds"] = "see what you have with 'depin ledger balance'; 'depin faucet 100 ACT' gives play money where the network has a faucet",
        ["deployment.deposit_too_small"] = "give more with --deposit",
        ["escrow.deposit_unfunded"] = "see what you have with 'depin ledger balance'; 'depin faucet 100 ACT' gives play money where the network has a faucet",
        ["lease.not_found"] = "ids are owner/dseq/gseq/oseq/provider; 'depin lease list' shows yours",
        ["lease.workload_not_found"] = "'depin lease show' lists services and replicas",
        ["node.not_connected"] = "the node is offline or speaks to another gateway; 'depin node list' tells",
        ["provider.not_found"] = "'depin provider put NAME' registers you as a provider",
        ["sdl.invalid"] = "'depin sdl validate FILE' checks without a server",
        ["request.rate_limited"] = "wait a moment and run it again",
        ["request.not_found"] = "check the id, and --server (or DEPIN_SERVER)",
        ["service.overloaded"] = "wait a moment and run it again",
        ["service.unavailable"] = "wait a moment and run it again",
    };

    public static string? For(string code) => ByCode.GetValueOrDefault(code);
}
