using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using DepinGrains.LocalRuntime.Activations;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>
/// Writes the proxy class of a grain interface: per method one request class (fields for the arguments, a direct call of the interface method)
/// and one proxy method that fills and sends it. No reflection and no boxing on the way of a call.
/// </summary>
internal static class ProxyEmitter
{
    private static readonly Dictionary<Assembly, ModuleBuilder> Modules = [];
    private static readonly Lock Gate = new();
    private static readonly Type[] BaseArguments = [typeof(GrainEngine), typeof(GrainClass), typeof(GrainId)];

    internal static Func<GrainEngine, GrainClass, GrainId, LocalGrainReference> Emit(Type face)
    {
        if (!face.IsInterface || face.ContainsGenericParameters)
        {
            throw new ArgumentException($"{face} is not a closed grain interface", nameof(face));
        }

        lock (Gate)
        {
            var module = Module(face.Assembly);
            var proxy = module.DefineType($"Proxy.{face.FullName}.{face.MetadataToken}", TypeAttributes.Public | TypeAttributes.Sealed, typeof(LocalGrainReference), [face]);
            var baseConstructor = typeof(LocalGrainReference).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, BaseArguments)!;
            var constructor = EmitConstructor(proxy, baseConstructor, BaseArguments);
            var methods = face.GetInterfaces().Prepend(face).SelectMany(i => i.GetMethods(BindingFlags.Instance | BindingFlags.Public)).ToArray();
            var fields = new List<(string Field, GrainMethod Method)>();
            foreach (var method in methods)
            {
                var described = new GrainMethod(method.DeclaringType!, method);
                var field = proxy.DefineField($"m{fields.Count}", typeof(GrainMethod), FieldAttributes.Public | FieldAttributes.Static);
                fields.Add((field.Name, described));
                var request = EmitRequest(module, face, described, fields.Count);
                EmitProxyMethod(proxy, described, field, request);
            }

            EmitFactory(proxy, constructor);
            var type = proxy.CreateType();
            foreach (var (name, method) in fields)
            {
                type.GetField(name)!.SetValue(null, method);
            }

            return type.GetMethod("Make")!.CreateDelegate<Func<GrainEngine, GrainClass, GrainId, LocalGrainReference>>();
        }
    }

    // One dynamic assembly per assembly of interfaces: the runtime reads the access attributes once, when the first type is loaded.
    private static ModuleBuilder Module(Assembly assembly)
    {
        if (!Modules.TryGetValue(assembly, out var module))
        {
            var access = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
            CustomAttributeBuilder[] attributes =
            [
                new(access, [typeof(ProxyEmitter).Assembly.GetName().Name!]),
                new(access, [assembly.GetName().Name!]),
            ];
            var dynamic = AssemblyBuilder.DefineDynamicAssembly(
                new AssemblyName($"{assembly.GetName().Name}.GrainProxies"), AssemblyBuilderAccess.Run, attributes);
            module = dynamic.DefineDynamicModule("main");
            Modules.Add(assembly, module);
        }

        return module;
    }

    private static Type EmitRequest(ModuleBuilder module, Type face, GrainMethod method, int number)
    {
        var parent = RequestBase(method.Method);
        var type = module.DefineType(
            $"Request.{face.FullName}.{face.MetadataToken}.{number}.{method.Method.Name}", TypeAttributes.Public | TypeAttributes.Sealed, parent);
        var constructor = parent.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(GrainMethod)])!;
        EmitConstructor(type, constructor, [typeof(GrainMethod)]);
        var arguments = method.Method.GetParameters()
            .Select((p, i) => type.DefineField($"a{i}", p.ParameterType, FieldAttributes.Public)).ToArray();

        var call = parent.GetMethod("Call")!;
        var il = Override(type, call).GetILGenerator();
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Castclass, method.Method.DeclaringType!);
        foreach (var argument in arguments)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, argument);
        }

        il.Emit(OpCodes.Callvirt, method.Method);
        il.Emit(OpCodes.Ret);
        if (arguments.Length > 0)
        {
            EmitGetArgument(type, arguments);
        }

        if (method.TokenIndex >= 0)
        {
            EmitToken(type, arguments[method.TokenIndex]);
        }

        return type.CreateType();
    }

    private static Type RequestBase(MethodInfo method)
    {
        var answer = method.ReturnType;
        if (method.IsGenericMethodDefinition || method.GetParameters().Any(p => p.ParameterType.IsByRef))
        {
            throw new NotSupportedException($"{method.DeclaringType}.{method.Name}: generic methods and by-reference parameters cannot be sent");
        }

        if (answer == typeof(Task))
        {
            return typeof(TaskRequest);
        }

        if (answer == typeof(ValueTask))
        {
            return typeof(ValueTaskRequest);
        }

        var definition = answer.IsGenericType ? answer.GetGenericTypeDefinition() : null;
        return definition == typeof(Task<>) ? typeof(TaskRequest<>).MakeGenericType(answer.GetGenericArguments())
            : definition == typeof(ValueTask<>) ? typeof(ValueTaskRequest<>).MakeGenericType(answer.GetGenericArguments())
            : throw new NotSupportedException($"{method.DeclaringType}.{method.Name} must return a Task or ValueTask");
    }

    private static void EmitGetArgument(TypeBuilder type, FieldBuilder[] arguments)
    {
        var getArgument = typeof(GrainRequest).GetMethod(nameof(GrainRequest.GetArgument))!;
        var il = Override(type, getArgument).GetILGenerator();
        var cases = arguments.Select(_ => il.DefineLabel()).ToArray();
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Switch, cases);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Call, getArgument);
        il.Emit(OpCodes.Ret);
        for (var i = 0; i < arguments.Length; i++)
        {
            il.MarkLabel(cases[i]);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, arguments[i]);
            if (arguments[i].FieldType.IsValueType)
            {
                il.Emit(OpCodes.Box, arguments[i].FieldType);
            }

            il.Emit(OpCodes.Ret);
        }
    }

    private static void EmitToken(TypeBuilder type, FieldBuilder token)
    {
        var property = typeof(GrainRequest).GetProperty(nameof(GrainRequest.Token))!;
        var get = Override(type, property.GetMethod!).GetILGenerator();
        get.Emit(OpCodes.Ldarg_0);
        get.Emit(OpCodes.Ldfld, token);
        get.Emit(OpCodes.Ret);
        var set = Override(type, property.SetMethod!).GetILGenerator();
        set.Emit(OpCodes.Ldarg_0);
        set.Emit(OpCodes.Ldarg_1);
        set.Emit(OpCodes.Stfld, token);
        set.Emit(OpCodes.Ret);
    }

    private static void EmitProxyMethod(TypeBuilder proxy, GrainMethod described, FieldBuilder methodField, Type request)
    {
        var method = described.Method;
        var parameters = method.GetParameters();
        var body = proxy.DefineMethod(
            $"{method.DeclaringType!.FullName}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot,
            method.ReturnType,
            parameters.Select(p => p.ParameterType).ToArray());
        var il = body.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldsfld, methodField);
        il.Emit(OpCodes.Newobj, request.GetConstructor([typeof(GrainMethod)])!);
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldarg, (short)(i + 1));
            il.Emit(OpCodes.Stfld, request.GetField($"a{i}")!);
        }

        il.Emit(OpCodes.Call, SendFor(request.BaseType!));
        il.Emit(OpCodes.Ret);
        proxy.DefineMethodOverride(body, method);
    }

    private static MethodInfo SendFor(Type requestBase)
    {
        var definition = requestBase.IsGenericType ? requestBase.GetGenericTypeDefinition() : requestBase;
        var send = typeof(LocalGrainReference).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic).Single(m =>
            m.Name == "Send" && (m.GetParameters()[0].ParameterType is var p) && (p.IsGenericType ? p.GetGenericTypeDefinition() : p) == definition);
        return send.IsGenericMethodDefinition ? send.MakeGenericMethod(requestBase.GetGenericArguments()) : send;
    }

    private static ConstructorBuilder EmitConstructor(TypeBuilder type, ConstructorInfo parent, Type[] arguments)
    {
        var constructor = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, arguments);
        var il = constructor.GetILGenerator();
        for (var i = 0; i <= arguments.Length; i++)
        {
            il.Emit(OpCodes.Ldarg, (short)i);
        }

        il.Emit(OpCodes.Call, parent);
        il.Emit(OpCodes.Ret);
        return constructor;
    }

    private static void EmitFactory(TypeBuilder proxy, ConstructorBuilder constructor)
    {
        var make = proxy.DefineMethod("Make", MethodAttributes.Public | MethodAttributes.Static, typeof(LocalGrainReference), BaseArguments);
        var il = make.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Newobj, constructor);
        il.Emit(OpCodes.Ret);
    }

    private static MethodBuilder Override(TypeBuilder type, MethodInfo inherited)
    {
        var method = type.DefineMethod(
            inherited.Name,
            MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig,
            inherited.ReturnType,
            inherited.GetParameters().Select(p => p.ParameterType).ToArray());
        return method;
    }
}
