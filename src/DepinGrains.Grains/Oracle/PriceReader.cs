using DepinGrains.Contracts.Oracle;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Oracle;

/// <summary>Prices for reading, from the oracle's row; money is only moved at a price the oracle's grain gave.</summary>
public sealed class PriceReader(IRowStore store, TokenCatalog tokens, NetworkParameters parameters, IOptions<OracleOptions> options)
{
    /// <summary>The prices of all tokens but credit, which is worth a dollar.</summary>
    public async Task<OracleView> AllAsync()
    {
        var (state, values) = await LoadAsync();
        return new OracleView(state.Feeders, [.. tokens.All.Where(static t => t.MintedFrom.Count == 0).Select(t => state.Price(t.Denom, options.Value, values))]);
    }

    /// <summary>The price of a token, or why none is in force.</summary>
    public async Task<PriceView> PriceAsync(string denom)
    {
        var (state, values) = await LoadAsync();
        return state.Price(denom, options.Value, values);
    }

    private async Task<(OracleState State, ParameterValues Values)> LoadAsync()
    {
        var row = await store.ReadAsync(RowId.Root(OracleState.Kind.Table.Kind, OracleKeys.Network));
        return (row is null ? OracleState.Empty : RowKind<OracleState>.Read(row), await parameters.NowAsync());
    }
}
