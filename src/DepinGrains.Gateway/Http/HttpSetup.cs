using System.Text.Json;
using System.Text.Json.Serialization;
using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Network;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Http;

/// <summary>The HTTP layer of every host that serves the API: <c>AddDepinHttp</c>, then <c>UseDepinHttp</c> before the endpoints are mapped.</summary>
public static class HttpSetup
{
    private const string DefaultScheme = "Depin";

    /// <summary>Registers problems, limits, authentication and authorisation. Options come from section <c>Http</c>.</summary>
    public static IServiceCollection AddDepinHttp(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptionsWithValidateOnStart<HttpOptions, HttpOptionsValidator>().Bind(configuration.GetSection(HttpOptions.Section));
        services.AddSingleton<IValidateOptions<HttpOptions>, HttpOptionsCrossCheck>();
        services.TryAddKeyedSingleton(NetworkClock.TimeKey, TimeProvider.System);
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails(static options => options.CustomizeProblemDetails = static context => Problems.Complete(context.HttpContext, context.ProblemDetails));
        services.AddExceptionHandler<FaultHandler>();
        services.AddValidation();
        QuickValidation.AddTo(services);
        services.Configure<RouteHandlerOptions>(static options => options.ThrowOnBadRequest = true);
        services.AddOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>().Configure<IOptions<HttpOptions>>(static (json, http) => Configure(json.SerializerOptions, http.Value.JsonDepthMax));
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<HttpOptions>>(static (kestrel, http) =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = http.Value.BodyBytesMax;
        });
        services.AddClientAddress();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<StreamSlots>();
        services.AddSingleton<ExportSlots>();
        return services.AddCallers();
    }

    /// <summary>The order matters: whose request it is first, problems outermost of all that may refuse it, then what needs no knowledge of the caller, then the caller, then what he may.</summary>
    public static WebApplication UseDepinHttp(this WebApplication app)
    {
        app.UseClientAddress();
        app.UseExceptionHandler();
        app.UseStatusCodePages(static context => Problems.WriteAsync(context.HttpContext, BareStatus(context.HttpContext), context.HttpContext.Response.StatusCode));
        app.UseMiddleware<LoopbackGuard>();
        app.UseRouting();
        app.UseMiddleware<AddressRateMiddleware>();
        app.UseMiddleware<OversizedBodies>();
        app.UseAuthentication();
        app.UseMiddleware<CallerRateMiddleware>();
        app.UseAuthorization();
        app.UseMiddleware<IdempotencyMiddleware>();
        return app;
    }

    /// <summary>The dialect of the API: camel case, enums as snake case text, unknown and doubled members refused, nulls only where the type says so, numbers never as text.</summary>
    public static void Configure(JsonSerializerOptions json, int depthMax)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.MaxDepth = depthMax;
        json.AllowDuplicateProperties = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
    }

    private static Refusal BareStatus(HttpContext context) => context.Response.StatusCode switch
    {
        404 => Refusal.Of(RequestError.NotFound, "There is nothing at this address."),
        405 => Refusal.Of(RequestError.MethodNotAllowed, $"This address does not know {context.Request.Method}.", ("allow", context.Response.Headers.Allow.ToString())),
        415 => Refusal.Of(RequestError.UnsupportedMediaType, "The body must be application/json."),
        var status => Refusal.Of(ProblemStatus.CodeOf(status), Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) + "."),
    };

    private static IServiceCollection AddCallers(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.TryAddSingleton<VerificationKeyCache>();
        services.AddSingleton<CredentialCheck>();
        services.AddSingleton<StreamWatch>();
        services.TryAddSingleton<IKeyDirectory, GrainKeyDirectory>();
        services.AddSingleton<IAuthorizationHandler, CallerAuthorizationHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationProblems>();

        // The parts of AddAuthentication that are used. The rest is data protection, for cookies nobody here sets: it makes keys and loads an XML stack at every start.
        services.AddAuthenticationCore(static options => options.DefaultScheme = DefaultScheme);
        services.AddWebEncoders();
        services.TryAddSingleton(TimeProvider.System);
        new AuthenticationBuilder(services)
            .AddPolicyScheme(DefaultScheme, null, static options => options.ForwardDefaultSelector = static context =>
                context.GetEndpoint()?.Metadata.GetMetadata<SignatureRequired>() is null ? TokenAuthenticationHandler.SchemeName : SignatureAuthenticationHandler.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthenticationHandler>(TokenAuthenticationHandler.SchemeName, null)
            .AddScheme<AuthenticationSchemeOptions, SignatureAuthenticationHandler>(SignatureAuthenticationHandler.SchemeName, null);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services;
    }
}
