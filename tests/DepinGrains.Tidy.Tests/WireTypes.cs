using System.Collections.Immutable;
using System.Reflection;
using DepinGrains.Contracts.Common;
using Orleans;

namespace DepinGrains.Tidy.Tests;

/// <summary>What crosses the wire between grains and their callers, read from the Contracts assembly.</summary>
internal static class WireTypes
{
    public static readonly Assembly Contracts = typeof(Refusal).Assembly;

    /// <summary>Interfaces of grains, by name.</summary>
    public static IReadOnlyList<Type> Grains { get; } =
        [.. Contracts.GetTypes().Where(static t => t.IsInterface && typeof(IGrain).IsAssignableFrom(t)).OrderBy(static t => t.FullName, StringComparer.Ordinal)];

    /// <summary>Marked types, and whatever of ours the grains' methods reach through parameters, answers and members.</summary>
    public static IReadOnlyList<Type> All { get; } = Reach();

    public static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;

    /// <summary>Members that are written to the wire, by id.</summary>
    public static IReadOnlyList<(uint Id, string Name, Type Type)> Members(Type type) =>
        [.. Own(type).Select(static m => (Id: m.GetCustomAttribute<IdAttribute>()?.Id, m.Name, Type: TypeOf(m))).Where(static m => m.Id is not null).Select(static m => (m.Id!.Value, m.Name, m.Type)).OrderBy(static m => m.Item1)];

    public static IEnumerable<MemberInfo> Own(Type type) => type
        .GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        .Where(static m => m is PropertyInfo { Name: not "EqualityContract" } or FieldInfo)
        .Where(static m => !m.Name.Contains('<', StringComparison.Ordinal));

    public static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    /// <summary>A type as people write it, the same on both runtimes.</summary>
    public static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Name(inner) + "?";
        }

        if (!type.IsGenericType)
        {
            return type.IsGenericParameter || !type.Namespace!.StartsWith("DepinGrains", StringComparison.Ordinal) ? type.Name : AliasOf(type) ?? type.FullName!;
        }

        return $"{(type.Assembly == Contracts ? AliasOf(type) ?? type.Name : type.Name)[..].Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }

    private static Type[] Reach()
    {
        var found = new HashSet<Type>(Contracts.GetTypes().Where(static t => !t.IsEnum && t.GetCustomAttribute<GenerateSerializerAttribute>() is not null));
        var open = new Queue<Type>(found);
        foreach (var method in Grains.SelectMany(static g => g.GetMethods()))
        {
            open.Enqueue(method.ReturnType);
            foreach (var parameter in method.GetParameters())
            {
                open.Enqueue(parameter.ParameterType);
            }
        }

        while (open.TryDequeue(out var type))
        {
            foreach (var argument in type.GetGenericArguments())
            {
                open.Enqueue(argument);
            }

            var plain = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
            if (plain.Assembly != Contracts || plain.IsEnum || plain.IsInterface || plain.IsGenericParameter)
            {
                continue;
            }

            if (found.Add(plain) || type == plain)
            {
                foreach (var member in Own(plain).Where(static m => m.GetCustomAttribute<IdAttribute>() is not null).Select(TypeOf).Where(t => !found.Contains(t)))
                {
                    open.Enqueue(member);
                }
            }
        }

        return [.. found.OrderBy(static t => t.FullName, StringComparer.Ordinal)];
    }

    /// <summary>True for what can never change once made.</summary>
    public static bool IsImmutable(Type type)
    {
        if (type.IsGenericParameter || type.IsEnum || type.IsPrimitive)
        {
            return true;
        }

        if (type.IsGenericType)
        {
            var definition = type.GetGenericTypeDefinition();
            var known = definition == typeof(ImmutableArray<>) || definition == typeof(Nullable<>) || definition.Assembly == Contracts;
            return known && type.GetGenericArguments().All(IsImmutable);
        }

        return type == typeof(string) || type == typeof(decimal) || type == typeof(Guid) || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Int128) || type == typeof(UInt128)
            || (type.Assembly == Contracts && (type.GetCustomAttribute<GenerateSerializerAttribute>() is not null || typeof(Exception).IsAssignableFrom(type)));
    }
}
