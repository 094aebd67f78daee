using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Testing;

namespace DepinGrains.Benchmarks.Peers;

/// <summary>shared/peer-aspnet as a process of its own: ASP.NET Core and Npgsql over the stored procedures, no actors. Built once into the temporary folder, with its two fixed ports made settings.</summary>
internal static class PeerAspNet
{
    /// <summary>Starts it; null (and a sentence) where it cannot be built.</summary>
    public static async Task<(Child Process, Uri Address)?> StartAsync(int databasePort)
    {
        if (Programs.Shared is not { } shared || Path.Combine(shared, "peer-aspnet") is var source && !Directory.Exists(source))
        {
            Bench.Say("../shared/peer-aspnet is absent: left out");
            return null;
        }

        var program = await BuildAsync(source);
        var port = Ports.Free();
        var child = Child.Start("dotnet", [program], new Dictionary<string, string>
        {
            ["PEER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["PGPORT"] = databasePort.ToString(CultureInfo.InvariantCulture),
            ["DOTNET_TieredPGO"] = "1",
        });
        child.Drain();
        var address = new Uri($"http://127.0.0.1:{port}");
        await Http.Ready.WaitAsync(new Uri(address, "/ping"), TimeSpan.FromSeconds(60));
        return (child, address);
    }

    private static async Task<string> BuildAsync(string source)
    {
        var folder = Path.Combine(Path.GetTempPath(), "depin-peer-aspnet");
        var program = Path.Combine(folder, "out", "peer-aspnet.dll");
        var stamp = Path.Combine(folder, "Program.cs");
        var text = (await File.ReadAllTextAsync(Path.Combine(source, "Program.cs")))
            .Replace("Port=55433", "Port={Environment.GetEnvironmentVariable(\"PGPORT\")}", StringComparison.Ordinal)
            .Replace("app.Run(\"http://127.0.0.1:55480\")", "app.Run(\"http://127.0.0.1:\" + Environment.GetEnvironmentVariable(\"PEER_PORT\"))", StringComparison.Ordinal);
        if (!File.Exists(program) || !File.Exists(stamp) || await File.ReadAllTextAsync(stamp) != text)
        {
            Bench.Say("building peer-aspnet (once)");
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, "peer-aspnet.csproj"), await File.ReadAllTextAsync(Path.Combine(source, "peer-aspnet.csproj")));
            await File.WriteAllTextAsync(stamp, text);
            await Programs.RunAsync("dotnet", ["publish", "-c", "Release", "-v", "q", "--nologo", "-o", Path.Combine(folder, "out")], folder);
        }

        return program;
    }
}
