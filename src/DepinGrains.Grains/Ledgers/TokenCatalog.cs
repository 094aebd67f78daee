using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Ledgers;

/// <summary>The tokens by denomination, symbol or alias.</summary>
public sealed class TokenCatalog
{
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

    /// <summary>The token with this denomination, symbol or alias, or null.</summary>
    public TokenOptions? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);

    /// <summary>True when the name is a denomination, that is, the key of a ledger.</summary>
    public bool IsDenom(string name) => Find(name)?.Denom == name;
}
