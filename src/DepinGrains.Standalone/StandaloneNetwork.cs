using System.Net.Http.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.Standalone.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace DepinGrains.Standalone;

/// <summary>The process as a client of its own API: its identity, its provider, its join token. Everything goes the way any stranger's request goes.</summary>
internal sealed partial class StandaloneNetwork(IServer server, StandaloneData data, StandaloneOptions options, ManagementAddress management, IHostApplicationLifetime lifetime)
{
    /// <summary>Addresses served, known once the host has started.</summary>
    public async Task<IReadOnlyList<Uri>> AddressesAsync(CancellationToken cancel)
    {
        await lifetime.StartedAsync(cancel);
        return Addresses(server);
    }

    /// <summary>Makes this network's identity known to it, agent or not: miners answer a gateway only when they find out who it is.</summary>
    public async Task RegisterAsync() => (await ConnectAsync(server, data, lifetime)).Dispose();

    /// <summary>A one-time token for this machine's own agent.</summary>
    public async Task<string> JoinTokenAsync(CancellationToken cancel)
    {
        using var client = await ConnectAsync(server, data, lifetime);
        if (options.Faucet)
        {
            await PostAsync(client, "/v1/ledgers/uact/faucet", new { amount = 1_000_000_000 }, "first-money");
            await PostAsync(client, "/v1/ledgers/uakt/faucet", new { amount = 1_000_000_000 }, "first-money-akt");

            // Bids hold a deposit in the order's own currency.
            await PostAsync(client, "/v1/ledgers/uusdc/faucet", new { amount = 1_000_000_000 }, "first-money-usdc");
        }

        await PostAsync(client, "/v1/providers", new { name = "this machine", pricing = new { }, attributes = new { host = "standalone", region = "local" } });
        using var answer = await client.PostAsJsonAsync("/v1/providers/join-tokens", new { lifetimeSeconds = 600 }, cancel);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<TokenAnswer>(cancel))!.Token;
    }

    /// <summary>URL first: scripts read the first line.</summary>
    public void PrintAddresses()
    {
        var url = Addresses(server)[0].ToString().TrimEnd('/');
        Console.Out.WriteLine(url);
        Console.Out.WriteLine($"""
            runtime   {GrainRuntime.Name}
            data      {Path.GetFullPath(options.Data)}
            identity  {data.Identity}
            metrics   {management.Url}/metrics

            try next, in another terminal:
              dotnet run --project src/DepinGrains.Cli -- faucet 100 ACT
              dotnet run --project src/DepinGrains.Cli -- deploy samples/hello-native.yaml
              dotnet run --project src/DepinGrains.Cli -- lease list
            """);
        Console.Error.WriteLine($"grain runtime: {GrainRuntime.Name}");
    }

    /// <summary>A client that signs as the network, which is registered.</summary>
    private static async Task<HttpClient> ConnectAsync(IServer server, StandaloneData data, IHostApplicationLifetime lifetime)
    {
        await lifetime.StartedAsync(CancellationToken.None);
        var signer = new RequestSigner(data.Key, data.Identity);
        var client = new HttpClient(new SigningHandler(signer, null, []) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = Addresses(server)[0] };
        await PostAsync(client, "/v1/identities", new { publicKey = data.Key.PublicKey, label = "standalone", roles = (string[])["provider", "operator", "tenant"] });
        return client;
    }

    private static async Task PostAsync(HttpClient client, string path, object body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var answer = await client.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            var problem = await answer.Content.ReadAsStringAsync();
            if (problem.Contains("\"identity.exists\"", StringComparison.Ordinal))
            {
                // A start before this one, a try that was cut short, or a command under the same key: the node must join all the same.
                return;
            }

            throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {problem}");
        }
    }

    /// <summary>The last one is the management port's.</summary>
    private static IReadOnlyList<Uri> Addresses(IServer server) =>
        [.. server.Features.Get<IServerAddressesFeature>()!.Addresses.SkipLast(1).Select(static a => new Uri(a.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "[::1]", StringComparison.Ordinal)))];

    private sealed record TokenAnswer(string Token);
}
