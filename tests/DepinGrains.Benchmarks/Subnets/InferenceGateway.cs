using System.Globalization;
using System.Net;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Gateway;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Grains;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>The whole gateway over all grains on SQLite, with one miner in subnet 1.</summary>
internal static class InferenceGateway
{
    public sealed record Spec(string Miner, int RequestsMax);

    public static async Task<InferenceMiner.Serving> StartAsync(Spec spec)
    {
        var data = new TemporaryFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Http:CallerRequestsPerSecond"] = "0",
            ["Http:AddressRequestsPerSecond"] = "0",
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
            ["Faucet:Enabled"] = "true",
            ["Serving:PrivateAddresses"] = "true",
            ["Serving:RequestsPerMinerMax"] = "2048",
            ["Serving:RequestsPerCallerMax"] = spec.RequestsMax.ToString(CultureInfo.InvariantCulture),
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        GrainHost.Add(builder);
        builder.Services.AddDepinStore(store => (store.Kind, store.Connection) = ("sqlite", data.File("depin.db")), MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        builder.Services.AddSingleton<IMinerDirectory>(new OneMiner(new Miner(1, 0, "hotkey", "wallet/miner", spec.Miner, 65_535)));
        builder.Services.AddDepinGateway(builder.Configuration);
        var app = builder.Build();
        await app.Services.GetRequiredService<IStoreMigrator>().MigrateAsync();
        app.MapDepinGateway();
        await app.StartAsync();
        return new InferenceMiner.Serving(app.Urls.First());
    }

    private sealed class OneMiner(Miner miner) : IMinerDirectory
    {
        private readonly IReadOnlyList<Miner> _miners = [miner];

        public ValueTask<IReadOnlyList<Miner>?> FindAsync(int netuid, CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<Miner>?>(_miners);

        public ValueTask<IReadOnlyList<int>> ListAsync(CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<int>>([1]);
    }
}
