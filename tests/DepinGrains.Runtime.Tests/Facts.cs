using System.Reflection;
using System.Runtime.CompilerServices;

namespace DepinGrains.Runtime.Tests;

/// <summary>Public types as text: one block per type, one line per member, sorted. The same text for the same surface, whoever's assembly it is.</summary>
internal static class Facts
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> Describe(IEnumerable<Type> types) => types.OrderBy(Name, StringComparer.Ordinal).SelectMany(Describe);

    public static IEnumerable<string> Describe(Type type)
    {
        var name = Name(type);
        yield return $"{Kind(type)} {name}";
        foreach (var line in Bases(type).Concat(Members(type)).Distinct().Order(StringComparer.Ordinal))
        {
            yield return $"{name} :: {line}";
        }
    }

    private static string Kind(Type type) =>
        type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : type is { IsAbstract: true, IsSealed: true } ? "static class" : "class";

    private static IEnumerable<string> Bases(Type type)
    {
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object))
        {
            yield return $": {Name(parent)}";
        }

        if (!type.IsEnum)
        {
            foreach (var face in type.GetInterfaces().Where(i => i.IsPublic && (i.Namespace ?? "").StartsWith("Orleans", StringComparison.Ordinal)))
            {
                yield return $": {Name(face)}";
            }
        }
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(n => $"{n} = {Convert.ToInt64(Enum.Parse(type, n), System.Globalization.CultureInfo.InvariantCulture)}");
        }

        return type.GetMembers(Declared).SelectMany(member => member switch
        {
            ConstructorInfo c when IsSeen(c) && !c.IsStatic => [$"{Protected(c)}new({Parameters(c)})"],
            PropertyInfo p => p.GetAccessors(true).Where(IsSeen).Select(a => $"{Protected(a)}{Accessor(a)} {Name(p.PropertyType)} {p.Name}"),
            MethodInfo m when IsSeen(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) => [Method(m)],
            FieldInfo { IsPublic: true } f => [$"field {Name(f.FieldType)} {f.Name}"],
            _ => Array.Empty<string>(),
        });
    }

    private static string Accessor(MethodInfo accessor) =>
        accessor.Name.StartsWith("get", StringComparison.Ordinal) ? "get"
        : accessor.ReturnParameter.GetRequiredCustomModifiers().Any(static m => m.Name == nameof(IsExternalInit)) ? "init" : "set";

    private static string Method(MethodInfo method)
    {
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        var optional = method is { IsAbstract: false, IsStatic: false } && method.DeclaringType!.IsInterface ? "default " : "";
        var generic = method.IsGenericMethodDefinition
            ? "<" + string.Join(", ", method.GetGenericArguments().Select(g => string.Join(" & ", g.GetGenericParameterConstraints().Select(Name).Prepend(g.Name)))) + ">"
            : "";
        return $"{Protected(method)}{optional}{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{generic}({extension}{Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{(p.IsOut ? "out " : "")}{Name(p.ParameterType.IsByRef ? p.ParameterType.GetElementType()! : p.ParameterType)} {p.Name}{(p.HasDefaultValue ? "?" : "")}"));

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Protected(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Name(Type type)
    {
        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        var own = type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Namespace is null or "System" ? type.Name : $"{type.Namespace}.{type.Name}";
        return type.IsGenericType ? $"{own.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : own;
    }
}
