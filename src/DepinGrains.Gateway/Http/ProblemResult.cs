using System.Reflection;
using DepinGrains.Contracts.Common;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace DepinGrains.Gateway.Http;

/// <summary>A refusal as an endpoint's result; in <c>Results&lt;Ok&lt;T&gt;, ProblemResult&gt;</c> it documents itself as 4XX problem+json.</summary>
public sealed class ProblemResult(Refusal refusal) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    /// <summary>The refusal.</summary>
    public Refusal Refusal { get; } = refusal;

    /// <inheritdoc/>
    public int? StatusCode => ProblemStatus.Of(Refusal.Code);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => Problems.WriteAsync(httpContext, Refusal);

    /// <inheritdoc/>
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        foreach (var status in (ReadOnlySpan<int>)[400, 401, 403, 404, 409, 422, 429, 503])
        {
            builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), [Problems.MediaType]));
        }
    }
}
