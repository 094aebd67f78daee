using System.Globalization;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Subnets.Serving;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DepinGrains.Gateway.Http;

/// <summary>What the OpenAPI document says beyond routes and bodies: how to prove who you are, and which headers a request needs.</summary>
public static class OpenApiSetup
{
    private const string Token = "token";
    private const string ApiKey = "apiKey";

    /// <summary>Adds the document <c>v1</c> (OpenAPI 3.1).</summary>
    public static IServiceCollection AddDepinOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", static options =>
    {
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "DepinGrains",
                Version = "v1",
                Description = "A marketplace for decentralised physical infrastructure. Reads take a token or an API key; requests that move money or cannot be undone are signed (RFC 9421: "
                    + "@method, @path, @query, content-digest, idempotency-key; ecdsa-p256-sha256; at most 5 minutes). Every POST needs an Idempotency-Key. Every refusal is application/problem+json "
                    + "with a stable code (type urn:depin:error:{code}), the numbers behind it (facts), and a traceId; under /v1/openai errors have OpenAI's shape.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
            {
                [Token] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "ES256 JWT signed by a key of yours; at most 15 minutes; aud = the network's name." },
                [ApiKey] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key", Description = "dk_{prefix}_{secret}" },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(static (operation, context, _) =>
        {
            Describe(operation, context);
            AddProblems(operation, context);
            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault() is { } said)
        {
            // The framework prefers the handler's own comment, which is written for readers of the code.
            operation.Summary = said.Summary;
        }

        var signed = metadata.OfType<SignatureRequired>().LastOrDefault();
        if (signed is not null || (HttpMethods.IsPost(context.Description.HttpMethod ?? "") && !metadata.OfType<NoIdempotencyKey>().Any()))
        {
            Header(operation, IdempotencyKey.Header, "New for each intent, the same for its retries; 1 to 128 characters of A-Z a-z 0-9 . _ : -");
        }

        if (metadata.OfType<TakesIfMatch>().Any())
        {
            Header(operation, "If-Match", "The ETag the caller read; 412 when the resource changed since. Absent or *: whatever it is now", required: false);
        }

        if (signed is not null)
        {
            Header(operation, "Content-Digest", "sha-256=:base64: of the body (RFC 9530)");
            Header(operation, "Signature-Input", string.Create(CultureInfo.InvariantCulture, $"RFC 9421; signed by a key with the role {signed.KeyRoles}"));
            Header(operation, "Signature", "RFC 9421; sig1=:base64 of r‖s:");
        }
        else if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ApiKey, context.Document)] = [] },
            ];
        }
    }

    /// <summary>What every operation may answer beside its result; endpoints that name more keep theirs.</summary>
    private static void AddProblems(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var changes = !HttpMethods.IsGet(context.Description.HttpMethod ?? "");
        var type = metadata.OfType<OpenAiDialect>().Any() ? "application/json" : Problems.MediaType;
        OpenApiResponse Problem(string description) => ProblemAs(description, type);
        operation.Responses ??= [];
        operation.Responses.TryAdd("400", Problem("The request cannot be read or breaks a declared rule"));
        if (!metadata.OfType<IAllowAnonymous>().Any())
        {
            operation.Responses.TryAdd("401", Problem("Nobody known calls, or the proof does not hold"));
            operation.Responses.TryAdd("403", Problem("The caller may not"));
        }

        operation.Responses.TryAdd("404", Problem("There is no such thing"));
        if (changes)
        {
            operation.Responses.TryAdd("409", Problem("Another state than this needs"));
            operation.Responses.TryAdd("413", Problem("The body is too large"));
            operation.Responses.TryAdd("422", Problem("Understood, and no; also an Idempotency-Key that came with another body before"));
        }

        if (metadata.OfType<TakesIfMatch>().Any())
        {
            operation.Responses.TryAdd("412", Problem("If-Match does not hold"));
        }

        operation.Responses.TryAdd("429", Problem("Too many requests; Retry-After says when"));
        operation.Responses.TryAdd("503", Problem("A part of the service is away, the outcome unknown: ask again with the same Idempotency-Key"));
    }

    private static OpenApiResponse ProblemAs(string description, string type) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [type] = new OpenApiMediaType() },
    };

    private static void Header(OpenApiOperation operation, string name, string description, bool required = true)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Required = required, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
    }
}
