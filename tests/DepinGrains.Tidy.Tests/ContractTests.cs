using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Orleans;

namespace DepinGrains.Tidy.Tests;

/// <summary>Silos of two releases talk to each other: what they say is written down, and changes only on purpose.</summary>
public sealed class ContractTests
{
    private static readonly string Golden = Repository.At("tests", "DepinGrains.Tidy.Tests", "contract.txt");

    [Fact]
    public void EveryWireType_HasASerializer_AnAliasOfItsOwn_AndMembersNumberedFrom0()
    {
        var problems = new List<string>();
        foreach (var type in WireTypes.All)
        {
            if (type.GetCustomAttribute<GenerateSerializerAttribute>() is null)
            {
                problems.Add($"{type}: no [GenerateSerializer]");
            }

            if (WireTypes.AliasOf(type) is null)
            {
                problems.Add($"{type}: no [Alias]");
            }

            var ids = WireTypes.Members(type).Select(static m => m.Id).ToArray();
            if (!ids.SequenceEqual(Enumerable.Range(0, ids.Length).Select(static i => (uint)i)))
            {
                problems.Add($"{type}: ids {string.Join(", ", ids)} are not 0 to {ids.Length - 1}");
            }

            problems.AddRange(WireTypes.Own(type)
                .Where(m => m.GetCustomAttribute<IdAttribute>() is null && m is PropertyInfo { SetMethod: not null })
                .Select(m => $"{type}.{m.Name}: no [Id], it would not travel"));
        }

        problems.AddRange(WireTypes.All.Concat(WireTypes.Grains).GroupBy(WireTypes.AliasOf).Where(static g => g.Key is not null && g.Count() > 1)
            .Select(static g => $"alias {g.Key} is of {string.Join(" and ", g)}"));
        Repository.AssertNone(problems);
    }

    /// <summary>Both runtimes pass references: what somebody holds must never change under him.</summary>
    [Fact]
    public void EveryWireType_IsDeeplyImmutable()
    {
        var problems = new List<string>();
        foreach (var member in WireTypes.All.Where(static t => !typeof(Exception).IsAssignableFrom(t)).SelectMany(WireTypes.Own))
        {
            var settable = member switch
            {
                PropertyInfo { SetMethod: { } set } => !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)),
                FieldInfo field => !field.IsInitOnly,
                _ => false,
            };
            if (settable)
            {
                problems.Add($"{member.DeclaringType}.{member.Name} can be set");
            }

            if (member.GetCustomAttribute<IdAttribute>() is not null && !WireTypes.IsImmutable(WireTypes.TypeOf(member)))
            {
                problems.Add($"{member.DeclaringType}.{member.Name} is {WireTypes.TypeOf(member)}, which can change: ImmutableArray?");
            }
        }

        Repository.AssertNone(problems);
    }

    [Fact]
    public void EveryGrain_HasAnAlias_AndItsMethodsHaveAliasesOfTheirOwn()
    {
        var problems = new List<string>();
        foreach (var grain in WireTypes.Grains)
        {
            var methods = grain.GetMethods();
            if (WireTypes.AliasOf(grain) is null)
            {
                problems.Add($"{grain}: no [Alias]");
            }

            problems.AddRange(methods.Where(static m => WireTypes.AliasOf(m) is null).Select(m => $"{grain}.{m.Name}: no [Alias]"));
            problems.AddRange(methods.Where(static m => !m.Name.EndsWith("Async", StringComparison.Ordinal)).Select(m => $"{grain}.{m.Name}: no suffix Async"));
            problems.AddRange(methods.GroupBy(WireTypes.AliasOf).Where(static g => g.Count() > 1).Select(g => $"{grain}: alias {g.Key} twice"));
        }

        Assert.NotEmpty(WireTypes.Grains);
        Repository.AssertNone(problems);
    }

    [Fact]
    public void Contract_IsTheOneWrittenDown()
    {
        var now = Describe();
        if (Repository.Accepts)
        {
            File.WriteAllText(Golden, now);
        }

        var before = File.Exists(Golden) ? File.ReadAllText(Golden) : "";
        var gone = before.Split('\n').Except(now.Split('\n')).ToArray();
        var come = now.Split('\n').Except(before.Split('\n')).ToArray();
        Assert.True(
            before == now,
            $"the wire contract changed.\n{string.Join('\n', gone.Select(static l => "- " + l).Concat(come.Select(static l => "+ " + l)))}\n"
                + $"Adding members with new ids at the end, and new types, is fine beside silos of the last release; changing or removing what is written down is not.\nAccept it with: eng/accept");
    }

    private static string Describe()
    {
        var text = new StringBuilder();
        foreach (var type in WireTypes.All.OrderBy(WireTypes.AliasOf, StringComparer.Ordinal))
        {
            text.Append(WireTypes.AliasOf(type)).Append("  ").Append(type.FullName).Append('\n');
            foreach (var (id, name, member) in WireTypes.Members(type))
            {
                text.Append("  ").Append(id).Append(' ').Append(name).Append(": ").Append(WireTypes.Name(member)).Append('\n');
            }
        }

        foreach (var type in WireTypes.Contracts.GetTypes().Where(static t => t.IsEnum).OrderBy(static t => t.FullName, StringComparer.Ordinal))
        {
            text.Append("enum ").Append(type.FullName).Append(": ").AppendJoin(", ", Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(v => $"{Enum.GetName(type, v)}={v}")).Append('\n');
        }

        foreach (var grain in WireTypes.Grains)
        {
            text.Append(WireTypes.AliasOf(grain)).Append("  ").Append(grain.FullName).Append('\n');
            foreach (var method in grain.GetMethods().OrderBy(WireTypes.AliasOf, StringComparer.Ordinal))
            {
                text.Append("  ").Append(WireTypes.AliasOf(method)).Append('(').AppendJoin(", ", method.GetParameters().Select(static p => WireTypes.Name(p.ParameterType)))
                    .Append("): ").Append(WireTypes.Name(method.ReturnType)).Append('\n');
            }
        }

        return text.ToString();
    }
}
