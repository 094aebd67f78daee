using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Credits;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Ledgers;

/// <summary>The tokens by denomination, symbol or alias.</summary>
public sealed class TokenCatalog
{
    private readonly HashSet<string> _sourceLedgers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TokenOptions> _byName = new(StringComparer.Ordinal);

    public TokenCatalog(IOptions<TokenListOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        All = options.Value.List.Count > 0 ? [.. options.Value.List] : TokenListOptions.Default;
        foreach (var token in All)
        {
            Validator.ValidateObject(token, new ValidationContext(token), validateAllProperties: true);
            foreach (var name in (IEnumerable<string>)[token.Denom, token.Symbol, .. token.Aliases])
            {
                if (!_byName.TryAdd(name, token))
                {
                    throw new OptionsValidationException(TokenListOptions.Section, typeof(TokenListOptions), [$"two tokens are called {name}"]);
                }
            }
        }

        foreach (var token in All)
        {
            if (token is { Staked: true, MintedFrom.Count: > 0 })
            {
                throw new OptionsValidationException(TokenListOptions.Section, typeof(TokenListOptions), [$"{token.Denom} is credit and cannot be staked"]);
            }

            foreach (var source in token.MintedFrom)
            {
                if (!IsDenom(source) || source == token.Denom || !_sourceLedgers.Add(CreditLedgers.Of(token.Denom, source)))
                {
                    throw new OptionsValidationException(TokenListOptions.Section, typeof(TokenListOptions), [$"{token.Denom} cannot be minted from {source}"]);
                }
            }
        }
    }

    /// <summary>What is wrong with a list of tokens, or null.</summary>
    internal static string? Problem(TokenListOptions options)
    {
        try
        {
            _ = new TokenCatalog(Options.Create(options));
            return null;
        }
        catch (Exception wrong) when (wrong is ValidationException or OptionsValidationException)
        {
            return wrong.Message;
        }
    }

    /// <summary>All tokens in the order of configuration.</summary>
    public IReadOnlyList<TokenOptions> All { get; }

    /// <summary>The keys of all ledgers, in order: denominations, and those that follow a credit to its sources.</summary>
    public IEnumerable<string> Ledgers => All.Select(static t => t.Denom).Concat(_sourceLedgers).Order(StringComparer.Ordinal);

    /// <summary>The token with this denomination, symbol or alias, or null.</summary>
    public TokenOptions? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);

    /// <summary>Denominations a token is minted from; empty when it is no credit.</summary>
    public IList<string> Sources(string denom) => Find(denom) is { } token && token.Denom == denom ? token.MintedFrom : [];

    /// <summary>True for the key of a ledger: a denomination, or what follows a credit to one of its sources.</summary>
    public bool IsLedger(string name) => IsDenom(name) || _sourceLedgers.Contains(name);

    /// <summary>True when the name is a denomination.</summary>
    public bool IsDenom(string name) => Find(name)?.Denom == name;
}
