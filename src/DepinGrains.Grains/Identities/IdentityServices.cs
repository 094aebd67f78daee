using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DepinGrains.Grains.Identities;

/// <summary>Registers what identity grains need beside store and clock.</summary>
public static class IdentityServices
{
    /// <summary>Binds <see cref="IdentityOptions"/>; a key id that is none stops the start.</summary>
    public static IServiceCollection AddIdentities(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<IdentityOptions>()
            .Bind(configuration.GetSection(IdentityOptions.Section))
            .Validate(static options => options.OperatorKeys.All(Contracts.Identities.IdentityIds.IsKey), $"{IdentityOptions.Section}:OperatorKeys must be key ids (key_…).")
            .Validate(static options => options.PreparedKeysMax >= 1, $"{IdentityOptions.Section}:PreparedKeysMax must be at least 1.")
            .ValidateOnStart();
        services.TryAddSingleton<VerificationKeyCache>();
        return services;
    }
}
