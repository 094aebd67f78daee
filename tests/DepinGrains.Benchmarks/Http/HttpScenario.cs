using System.Net.Http.Json;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Peers;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Benchmarks.Http;

/// <summary>
/// Transfers over HTTP, 64 keep-alive connections from a loader process, against peer-aspnet on the same server. Both loaders send requests made before the clock starts; ours carry a
/// signature each, made ahead as well, so that only checking is timed (twice per request: at the gateway and in the identity's grain). The peer checks none. No request is sent twice.
/// </summary>
internal static class HttpScenario
{
    private const int Connections = 64;
    private const string Layout = "standalone, loader and server are processes of their own";

    public static async Task RunAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster || PeerPostgres.Find(cluster) is not { } procedures)
        {
            return;
        }

        await procedures.ResetAsync();
        if (await PeerAspNet.StartAsync(cluster.Port) is not { } peer)
        {
            return;
        }

        await using var peerProcess = peer.Process;
        using var data = new TemporaryFolder();
        await using var ours = await StandaloneServer.StartAsync(
            data.Path, "--Standalone:Agent", "false", "--Store:Kind", "postgres", "--Store:Connection", await cluster.NewDatabaseAsync(),
            "--Http:AddressRequestsPerSecond", "0", "--Http:CallerRequestsPerSecond", "0");
        var senders = bench.Settings.Size(1_000, 100);
        var keys = await SendersAsync(ours.Address, senders);
        Bench.Say($"{senders} senders are registered and have money");
        var medians = await bench.InterleaveAsync(
            new Side("peer-aspnet", seconds => LoadAsync(bench, "peer-aspnet", peer.Address, [], "", seconds)),
            new Side("AKT over HTTP", seconds => LoadAsync(bench, "AKT over HTTP", ours.Address, keys, "uakt", seconds)),
            new Side("ACT over HTTP", seconds => LoadAsync(bench, "ACT over HTTP", ours.Address, keys, "uact", seconds)));
        bench.AddRate(
            "http", $"transfers of AKT over HTTP, {Connections} connections, signatures checked", medians[1], 2, "PostgreSQL", Layout, medians[0], "peer-aspnet",
            $"{senders} senders, signed ahead; the peer's requests carry no signature");
        bench.AddRate(
            "http", "the same of ACT, whose transfers ask what it was minted from", medians[2], 2, "PostgreSQL", Layout, medians[0], "peer-aspnet");
    }

    /// <summary>One run of the loader.</summary>
    public static async Task<Measured> LoadAsync(Bench bench, string name, Uri address, string[] keys, string token, int seconds)
    {
        await using (var warm = await Child.LoaderAsync("http", new HttpLoad(address.ToString(), keys, token, Connections, bench.Settings.Size(8, 1), 5_000)))
        {
            await warm.GoAsync<Loaded>();
        }

        await using var loader = await Child.LoaderAsync("http", new HttpLoad(address.ToString(), keys, token, Connections, seconds, 15_000));
        var machine = Machine.Watch(bench.Postmaster);
        var loaded = await loader.GoAsync<Loaded>();
        return loaded.Failed == 0
            ? new Measured(name, loaded.Rate, loaded.P50, loaded.P99, loaded.Seconds, machine.Stop())
            : throw new InvalidOperationException($"{name}: {loaded.Failed} requests failed, the first with {loaded.Problem}");
    }

    /// <summary>Identities with keys and money, made the way any stranger makes them.</summary>
    public static async Task<string[]> SendersAsync(Uri address, int count)
    {
        using var http = new HttpClient { BaseAddress = address };
        var pems = new string[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using var key = SigningKey.Generate();
            pems[i] = key.ToPem();
            var signer = new RequestSigner(key, IdentityIds.ForFirstKey(key.KeyId, ""));
            await PostAsync(http, signer, "/v1/identities", new { publicKey = key.PublicKey, label = "bench", roles = (string[])["tenant"] });
            foreach (var token in (string[])["uact", "uakt"])
            {
                await PostAsync(http, signer, $"/v1/ledgers/{token}/faucet", new { amount = 1_000_000_000 });
            }
        });
        return pems;
    }

    private static async Task PostAsync(HttpClient http, RequestSigner signer, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(http.BaseAddress!, path)) { Content = JsonContent.Create(body) };
        await signer.SignAsync(request);
        using var answer = await http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
