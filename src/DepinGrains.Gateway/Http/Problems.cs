using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Subnets.Serving;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace DepinGrains.Gateway.Http;

/// <summary>Writes every "no" as RFC 9457 <c>application/problem+json</c>: type <c>urn:depin:error:{code}</c>, the code, the sentence, the facts by name, and the trace id.</summary>
public static class Problems
{
    /// <summary>Media type of problems.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>Type URI of a code.</summary>
    public static string TypeUri(string code) => "urn:depin:error:" + code;

    /// <summary>An endpoint's answer for a refusal.</summary>
    public static ProblemResult From(Refusal refusal) => new(refusal);

    /// <summary>Fills in what every problem of ours carries; also applied to those the framework makes.</summary>
    public static void Complete(HttpContext context, ProblemDetails problem)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(problem);
        var status = problem.Status ?? context.Response.StatusCode;
        problem.Status = status;
        if (!problem.Extensions.TryGetValue("code", out var known) || known is not string code)
        {
            code = problem is HttpValidationProblemDetails ? RequestError.Invalid : ProblemStatus.CodeOf(status);
            problem.Extensions["code"] = code;
        }

        problem.Type = TypeUri(code);
        problem.Title ??= ReasonPhrases.GetReasonPhrase(status);
        problem.Instance ??= context.Request.Path;
        problem.Extensions["traceId"] = TraceId(context);
    }

    /// <summary>A refusal as problem details.</summary>
    public static ProblemDetails Details(HttpContext context, Refusal refusal, int? status = null)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        var problem = new ProblemDetails { Status = status ?? ProblemStatus.Of(refusal.Code), Detail = refusal.Detail };
        problem.Extensions["code"] = refusal.Code;
        var facts = new JsonObject();
        foreach (var fact in refusal.Facts)
        {
            facts[fact.Name] = fact.Value;
        }

        if (facts.Count > 0)
        {
            problem.Extensions["facts"] = facts;
        }

        Complete(context, problem);
        return problem;
    }

    /// <summary>Writes a refusal as the response, unless the response already began.</summary>
    public static Task WriteAsync(HttpContext context, Refusal refusal, int? status = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return WriteAsync(context, Details(context, refusal, status));
    }

    /// <summary>Writes problem details as the response, whatever the request's Accept says: an error nobody can read helps nobody.</summary>
    public static async Task WriteAsync(HttpContext context, ProblemDetails problem)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(problem);
        if (context.Response.HasStarted)
        {
            return;
        }

        context.Response.StatusCode = problem.Status ?? 500;
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var openAi = OpenAiDialect.Speaks(context);
        context.Response.ContentType = openAi ? "application/json" : MediaType;
        var bytes = openAi
            ? JsonSerializer.SerializeToUtf8Bytes(OpenAiDialect.Of(problem), ProblemJson.WithNulls)
            : JsonSerializer.SerializeToUtf8Bytes(problem, problem.GetType(), ProblemJson.Options);
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>Sets Retry-After in whole seconds, at least one.</summary>
    public static void RetryAfter(HttpContext context, TimeSpan after)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }

    private static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

/// <summary>The dialect of problems.</summary>
internal static class ProblemJson
{
    public static readonly JsonSerializerOptions WithNulls = new(JsonSerializerDefaults.Web);

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };
}
