using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using Microsoft.AspNetCore.Mvc;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Marks endpoints whose every error has OpenAI's shape, so that its clients raise the exceptions their users know.</summary>
public sealed class OpenAiDialect
{
    /// <summary>The only one.</summary>
    public static readonly OpenAiDialect Instance = new();

    /// <summary>True for requests to such endpoints.</summary>
    public static bool Speaks(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetEndpoint()?.Metadata.GetMetadata<OpenAiDialect>() is not null;
    }

    /// <summary>The body for a problem: <c>{"error": {"message", "type", "param", "code"}}</c>.</summary>
    public static OpenAiErrorBody Of(ProblemDetails problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var code = problem.Extensions.TryGetValue("code", out var known) ? known as string : null;
        var param = problem.Extensions.TryGetValue("facts", out var facts) && facts is System.Text.Json.Nodes.JsonObject named ? (string?)named["param"] : null;
        return new OpenAiErrorBody(new OpenAiError(problem.Detail ?? problem.Title ?? "", TypeOf(problem.Status ?? 500), param, code));
    }

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}

/// <summary>OpenAI's error.</summary>
/// <param name="Message">For people.</param>
/// <param name="Type">OpenAI's class of it.</param>
/// <param name="Param">The member of the request it is about.</param>
/// <param name="Code">Our stable code.</param>
public sealed record OpenAiError(string Message, string Type, string? Param, string? Code);

/// <summary>Its envelope.</summary>
public sealed record OpenAiErrorBody(OpenAiError Error);
