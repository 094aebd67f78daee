using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using DepinGrains.Gateway.Identities;
using Microsoft.Extensions.Validation;

#pragma warning disable ASP0029 // The framework's seam for validators is marked experimental.

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Keeps the framework's validator from work that is none of its business. It looks properties up by reflection at every request, and not of bodies alone: whatever services and callers a handler
/// takes, their whole graphs are walked as well, which cost a tenth of a transfer. Here services and callers are left alone, and a body of which the attributes of plain properties tell that it is
/// surely valid is let pass. A body that is not, and every type with more to look at, goes the framework's way, so sentences and rules stay its own.
/// </summary>
internal sealed class QuickValidation(ValidationOptions options, IServiceProviderIsService services) : IValidatableInfoResolver
{
    private readonly ConcurrentDictionary<Type, IValidatableInfo?> _known = new();

    /// <summary>Stands before the framework's own; call it behind <c>AddValidation</c>.</summary>
    public static void AddTo(IServiceCollection services) => services.AddOptions<ValidationOptions>()
        .PostConfigure<IServiceProviderIsService>(static (options, services) => options.Resolvers.Insert(0, new QuickValidation(options, services)));

    /// <inheritdoc/>
    public bool TryGetValidatableTypeInfo(Type type, [NotNullWhen(true)] out IValidatableInfo? validatableInfo) =>
        (validatableInfo = _known.GetOrAdd(type, static (type, self) => self.Make(type), this)) is not null;

    /// <inheritdoc/>
    public bool TryGetValidatableParameterInfo(ParameterInfo parameterInfo, [NotNullWhen(true)] out IValidatableInfo? validatableInfo)
    {
        var type = parameterInfo.ParameterType;
        validatableInfo = type == typeof(Caller) || type == typeof(HttpContext) || services.IsService(type) ? Nothing.Instance : null;
        return validatableInfo is not null;
    }

    private IValidatableInfo? Make(Type type)
    {
        foreach (var resolver in options.Resolvers)
        {
            if (resolver != this && resolver.TryGetValidatableTypeInfo(type, out var whole))
            {
                return Rules(type) is { } rules ? new Quick(whole, rules) : whole;
            }
        }

        return null;
    }

    /// <summary>All there is to check, or null when that cannot be told from the attributes of plain properties.</summary>
    private static Func<object, bool>[]? Rules(Type type)
    {
        if (type.IsValueType || typeof(IValidatableObject).IsAssignableFrom(type) || type.GetCustomAttributes<ValidationAttribute>().Any())
        {
            return null;
        }

        var rules = new List<Func<object, bool>>();
        foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            if (property.GetMethod is null || property.GetIndexParameters().Length > 0)
            {
                continue;
            }

            var attributes = property.GetCustomAttributes<ValidationAttribute>().ToArray();
            if (!IsPlain(property.PropertyType) || attributes.Any(static attribute => attribute.RequiresValidationContext))
            {
                return null;
            }

            if (attributes.Length > 0)
            {
                rules.Add(Rule(type, property, attributes));
            }
        }

        return [.. rules];
    }

    private static bool IsPlain(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Guid);
    }

    private static Func<object, bool> Rule(Type type, PropertyInfo property, ValidationAttribute[] attributes) =>
        (Func<object, bool>)typeof(QuickValidation).GetMethod(nameof(RuleOf), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type, property.PropertyType).Invoke(null, [property, attributes])!;

    private static Func<object, bool> RuleOf<TBody, TValue>(PropertyInfo property, ValidationAttribute[] attributes)
    {
        var get = property.GetMethod!.CreateDelegate<Func<TBody, TValue>>();
        return body =>
        {
            object? value = get((TBody)body);
            foreach (var attribute in attributes)
            {
                if (!IsValid(attribute, value))
                {
                    return false;
                }
            }

            return true;
        };
    }

    private static bool IsValid(ValidationAttribute attribute, object? value)
    {
        try
        {
            return attribute.IsValid(value);
        }
        catch (Exception)
        {
            // A range of 32 bits that meets a number of 64, for one: what to say about it is the framework's.
            return false;
        }
    }

    private sealed class Nothing : IValidatableInfo
    {
        public static readonly Nothing Instance = new();

        public Task ValidateAsync(object? value, ValidateContext context, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Quick(IValidatableInfo whole, Func<object, bool>[] rules) : IValidatableInfo
    {
        public Task ValidateAsync(object? value, ValidateContext context, CancellationToken cancellationToken)
        {
            foreach (var rule in rules)
            {
                if (value is null || !rule(value))
                {
                    return whole.ValidateAsync(value, context, cancellationToken);
                }
            }

            return Task.CompletedTask;
        }
    }
}
