using System.Reflection;

namespace Orleans.Serialization.Invocation;

/// <summary>A call as data, for filters.</summary>
public interface IInvokable : IDisposable
{
    /// <summary>How many arguments.</summary>
    int GetArgumentCount();

    /// <summary>An argument by position.</summary>
    object? GetArgument(int index);

    /// <summary>The method's C# name.</summary>
    string GetMethodName();

    /// <summary>The interface's full C# name.</summary>
    string GetInterfaceName();

    /// <summary>The interface's method.</summary>
    MethodInfo GetMethod();

    /// <summary>The interface.</summary>
    Type GetInterfaceType();
}
