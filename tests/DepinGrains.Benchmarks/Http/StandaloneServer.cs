using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Testing;

namespace DepinGrains.Benchmarks.Http;

/// <summary>The product's standalone as a process of its own: gateway and silo.</summary>
internal sealed class StandaloneServer : IAsyncDisposable
{
    private StandaloneServer(Child process, Uri address, TimeSpan start) => (Process, Address, Started) = (process, address, start);

    public Child Process { get; }

    public Uri Address { get; }

    /// <summary>From the start of the process to the first successful <c>/health/ready</c>.</summary>
    public TimeSpan Started { get; }

    /// <summary>Starts it on a data folder. Rate limits are off: one loader stands for many addresses.</summary>
    public static async Task<StandaloneServer> StartAsync(string data, params string[] arguments)
    {
        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        var address = new Uri("http://127.0.0.1:" + port);
        var child = Child.Start(Programs.Of("src/DepinGrains.Standalone"), ["--data", data, "--urls", address.ToString().TrimEnd('/'), .. arguments]);
        child.Drain();
        try
        {
            return new StandaloneServer(child, address, await Ready.WaitAsync(new Uri(address, "/health/ready"), TimeSpan.FromSeconds(90)));
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
