using System.Diagnostics.CodeAnalysis;

namespace DepinGrains.Contracts.Common;

/// <summary>The answer of an operation: a value, or a <see cref="Contracts.Common.Refusal"/>.</summary>
[GenerateSerializer, Immutable, Alias("depin.result.v1`1")]
public readonly record struct Result<T>([property: Id(0)] T? Value, [property: Id(1)] Refusal? Refusal)
{
    /// <summary>True when <see cref="Value"/> is the answer.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsOk => Refusal is null;

    /// <summary>The value; throws when the operation was refused (a bug of the caller, who must look first).</summary>
    public T Require() => IsOk ? Value : throw new InvalidOperationException(Refusal.ToString());

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}

/// <summary>The value of an operation that answers nothing but "done".</summary>
[GenerateSerializer, Immutable, Alias("depin.done.v1")]
public readonly record struct Done
{
    /// <summary>The only value.</summary>
    public static readonly Done Instance;
}
