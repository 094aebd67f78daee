using System.Collections.Immutable;
using System.Net.Http.Headers;

namespace DepinGrains.Contracts.Identities.Client;

/// <summary>Puts identity on every request of an <see cref="HttpClient"/>: a signature on what changes something, a bearer token on reads.</summary>
/// <param name="signer">Signs POST, PUT, PATCH and DELETE.</param>
/// <param name="tokens">Issues tokens for the rest; null = reads go as they are.</param>
/// <param name="scopes">Scopes of those tokens.</param>
public sealed class SigningHandler(RequestSigner signer, TokenIssuer? tokens, ImmutableArray<string> scopes) : DelegatingHandler
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options)
        {
            if (tokens is not null && request.Headers.Authorization is null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Issue(scopes));
            }
        }
        else if (!request.Headers.Contains("Signature"))
        {
            await signer.SignAsync(request, cancel: cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
