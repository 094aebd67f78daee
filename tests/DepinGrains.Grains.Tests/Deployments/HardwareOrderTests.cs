using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.Tests.Nodes;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Orders for cards and for disks that stay: priced by the provider's maps, booked on its nodes, handed to the workload.</summary>
public sealed class HardwareOrderTests(Market market) : IClassFixture<Market>
{
    private const string Cards = "        gpu:\n          units: 1\n          attributes:\n            vendor:\n              nvidia:\n                - model: a100\n                  ram: 80Gi\n        memory:";

    private readonly MarketRegion _r = market.NewRegion();

    /// <summary>By its price for any A100 the winner would be the dearer one; the key that names the memory too decides.</summary>
    [Fact]
    public async Task The_most_exact_key_of_a_price_map_wins_the_auction_for_a_card()
    {
        var exact = await SellCardsAsync("exact", new Fact("a100", "500"), new Fact("a100.80Gi", "300"));
        var any = await SellCardsAsync("any", new Fact("a100", "400"));
        var without = await _r.AddProviderAsync("without", "0.01");
        await _r.DeployAsync(_r.Sdl(price: "5000").Replace("        memory:", Cards, StringComparison.Ordinal));
        var order = (await _r.AuctionAsync()).Groups[0].Order;
        Assert.Equal([exact, any], order.Bids.Select(static b => b.Provider));
        Assert.EndsWith(exact, order.LeaseId, StringComparison.Ordinal);

        // 300 and 400 dollars over 429,909 blocks a month, and a little for the rest of the machine.
        Assert.InRange(decimal.Parse(order.Bids[0].Price, CultureInfo.InvariantCulture), 697, 715);
        Assert.InRange(decimal.Parse(order.Bids[1].Price, CultureInfo.InvariantCulture), 930, 948);
        Assert.Equal("GPU-0", Assert.Single(Assert.Single((await _r.Node("exact").GetDesiredStateAsync()).Workloads).GpuUuids));
        Assert.Contains((await _r.Deployment.WhyAsync(1, 1)).Require().Verdicts, v => v.Provider == without && v.Rule == "node.insufficient_gpu");
    }

    [Fact]
    public async Task A_persistent_volume_is_booked_in_its_class_and_mounted_in_the_workload()
    {
        await _r.AddProviderAsync("p", "1.60");
        var sdl = _r.Sdl(image: "nginx:1.25\n    params:\n      storage:\n        data:\n          mount: /var/lib/data")
            .Replace("          size: 1Gi", "          - size: 1Gi\n          - name: data\n            size: 2Gi\n            attributes:\n              persistent: true\n              class: beta2", StringComparison.Ordinal);
        await _r.DeployAsync(sdl);
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        var workload = Assert.Single((await _r.Node("p").GetDesiredStateAsync()).Workloads);
        Assert.Equal(new VolumeMount("data", "beta2", true, 2 * Samples.Gi, "/var/lib/data", false), Assert.Single(workload.Volumes));

        // What is mounted nowhere is room for its own files: the agent holds it to that.
        Assert.Equal(1 * Samples.Gi, workload.StorageBytes);
        var free = (await _r.Node("p").GetAsync()).Require().Free.Storage;
        Assert.Equal(48 * Samples.Gi, free.Single(static s => s.Class == "beta2").Bytes);
    }

    [Fact]
    public async Task A_port_for_other_services_is_booked_but_not_offered_to_the_world()
    {
        await _r.AddProviderAsync("p", "1.60");
        await _r.DeployAsync(_r.Sdl().Replace("    expose:\n", "    expose:\n      - port: 5432\n        to:\n          - service: web\n", StringComparison.Ordinal));
        Assert.NotNull((await _r.AuctionAsync()).Groups[0].Order.LeaseId);
        var ports = Assert.Single((await _r.Node("p").GetDesiredStateAsync()).Workloads).Ports;
        Assert.Equal([(80, false), (5432, true)], ports.Select(static p => (p.ContainerPort, p.Local)));
        Assert.Equal($":{ports[0].HostPort}", Assert.Single(Assert.Single((await _r.LeaseAsync()).Workloads).Addresses)[^6..]);
    }

    [Fact]
    public void A_booking_that_no_node_would_take_is_found_at_start()
    {
        Assert.Null(new DeploymentOptions().Problem(new NodeOptions(), new ProviderOptions()));
        var day = new DeploymentOptions { BookingLifetime = TimeSpan.FromDays(1) };
        Assert.Equal("BookingLifetime", day.Problem(new NodeOptions(), new ProviderOptions { AddressReservationMax = TimeSpan.FromDays(2) }));
        Assert.Equal("BookingLifetime", day.Problem(new NodeOptions { ReservationLifetimeMax = TimeSpan.FromDays(2) }, new ProviderOptions()));
        Assert.Null(day.Problem(new NodeOptions { ReservationLifetimeMax = TimeSpan.FromDays(2) }, new ProviderOptions { AddressReservationMax = TimeSpan.FromDays(2) }));
    }

    [Fact]
    public async Task A_registration_that_is_refused_says_which_field_and_how_much()
    {
        var node = _r.Node("p");
        var long_ = (await node.JoinAsync(_r.NewOperation(), Samples.Registration() with { Host = new string('h', 254) })).Refusal!;
        Assert.Equal(("node.registration_invalid", "host,1,253,254"), (long_.Code, string.Join(',', long_.Facts.Select(static f => f.Value))));
        var many = (await node.JoinAsync(_r.NewOperation(), Samples.Registration() with { Attributes = [.. Enumerable.Range(0, 65).Select(static i => new Fact($"a{i}", "x"))] })).Refusal!;
        Assert.Equal("attributes,64,65", string.Join(',', many.Facts.Select(static f => f.Value)));
    }

    private async Task<string> SellCardsAsync(string who, params Fact[] gpuUsd)
    {
        var id = await _r.AddProviderAsync(who, "1.60", online: false);
        var profile = new ProviderProfile(who, [new Fact("region", _r.Name)], UsdPricing.Default with { GpuUsd = [.. gpuUsd] }, "");
        (await market.Grains.GetGrain<IProviderGrain>(id).PutAsync(_r.NewOperation(), profile)).Require();
        (await _r.Node(who).ConnectAsync("cards", Samples.Hardware(gpus: 1))).Require();
        return id;
    }
}
