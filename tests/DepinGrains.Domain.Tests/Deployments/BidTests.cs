using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Tests.Deployments;

public sealed class BidTests
{
    [Fact]
    public void GoodBid_Passes() => Assert.Null(BidChecks.WhyNot(Orders.Bid(), Orders.Order(), Orders.Bidder(), BidRules.Default));

    /// <summary>The published order: a bid wrong in everything fails on the first rule, and mending it brings up the next one.</summary>
    [Fact]
    public void Checks_ComeInThePublishedOrder()
    {
        Assert.Equal(15, DeploymentVectors.Read("lifecycle.json").GetProperty("create_bid_checks_in_order").GetArrayLength());
        var group = Orders.Group(Orders.Unit(gpus: 1, selectors: ["vendor/nvidia/model/a100"])).Requiring(("region", "eu"));
        var bid = new BidCandidate("p", new Rate(-1), "uakt", 1, "doge", 7, [new OfferedUnit(1, 2, group.Units[0].Resources)], 60);
        var order = new BidOrder(null, group, Rate.OfWhole(10), "uact", 3_600, [.. Enumerable.Range(0, 20).Select(i => new EarlierBid("x" + i, BidStatus.Open)), new("p", BidStatus.Lost)]);
        var bidder = Orders.Bidder(registered: false, found: 0);
        var seen = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            if (BidChecks.WhyNot(bid, order, bidder, BidRules.Default)?.Code is not { } code)
            {
                break;
            }

            seen.Add(code);
            (bid, order, bidder) = code switch
            {
                "bid.deposit_denom" => (bid with { DepositDenom = "uact" }, order, bidder),
                "bid.deposit_too_small" => (bid with { Deposit = 500_000 }, order, bidder),
                "bid.order_full" => (bid, order with { Bids = [new("p", BidStatus.Lost)] }, bidder),
                "bid.bseq_invalid" => (bid with { Bseq = 0 }, order, bidder),
                "order.not_found" => (bid, order with { Status = OrderStatus.Active }, bidder),
                "order.not_open" => (bid, order with { Status = OrderStatus.Open }, bidder),
                "bid.price_invalid" => (bid with { Price = Rate.OfWhole(11) }, order, bidder),
                "bid.denom_mismatch" => (bid with { Denom = "uact" }, order, bidder),
                "bid.price_above_ceiling" => (bid with { Price = Rate.OfWhole(10) }, order, bidder),
                "bid.offer_invalid" => (bid with { Offer = [] }, order, bidder),
                "provider.not_found" => (bid, order, bidder with { Registered = true }),
                "market.attribute_mismatch" => (bid, order, bidder with { Attributes = [new("region", "eu")] }),
                "market.gpu_mismatch" => (bid, order, bidder with { Attributes = [new("region", "eu"), new("capabilities/gpu/vendor/nvidia/model/a100", "true")] }),
                "bid.deposit_unfunded" => (bid, order, bidder with { DepositFound = 500_000 }),
                "bid.reclamation_out_of_bounds" => (bid with { ReclaimWindowSeconds = 0 }, order, bidder),
                "bid.reclamation_required" => (bid with { ReclaimWindowSeconds = 3_600 }, order, bidder),
                "bid.exists" => (bid, order with { Bids = [new("p", BidStatus.Closed)] }, bidder),
                _ => throw new InvalidOperationException(code),
            };
        }

        Assert.Equal(
            [
                "bid.deposit_denom", "bid.deposit_too_small", "bid.order_full", "bid.bseq_invalid", "order.not_found", "order.not_open", "bid.price_invalid", "bid.denom_mismatch",
                "bid.price_above_ceiling", "bid.offer_invalid", "provider.not_found", "market.attribute_mismatch", "market.gpu_mismatch", "bid.deposit_unfunded",
                "bid.reclamation_out_of_bounds", "bid.reclamation_required", "bid.exists",
            ],
            seen);
    }

    [Fact]
    public void MB1_BidCapIsExact_TwentyFitTheNextIsRefused()
    {
        EarlierBid[] nineteen = [.. Enumerable.Range(0, 19).Select(i => new EarlierBid("x" + i.ToString(CultureInfo.InvariantCulture), BidStatus.Open))];

        Assert.Null(BidChecks.WhyNot(Orders.Bid(), Orders.Order(bids: [.. nineteen]), Orders.Bidder(), BidRules.Default));
        Assert.Equal("bid.order_full", BidChecks.WhyNot(Orders.Bid(), Orders.Order(bids: [.. nineteen, new("y", BidStatus.Open)]), Orders.Bidder(), BidRules.Default)?.Code);
    }

    [Fact]
    public void ClosedBid_DoesNotBlockAnother_UntilTheAttemptsAreUsed()
    {
        string? Code(params ImmutableArray<EarlierBid> bids) => BidChecks.WhyNot(Orders.Bid(), Orders.Order(bids: bids), Orders.Bidder(), BidRules.Default)?.Code;

        Assert.Null(Code(new EarlierBid("p", BidStatus.Closed)));
        Assert.Equal("bid.exists", Code(new EarlierBid("p", BidStatus.Open)));
        Assert.Equal("bid.attempts_max", Code([.. Enumerable.Repeat(new EarlierBid("p", BidStatus.Closed), 5)]));
    }

    [Theory]
    [InlineData(999, 1L << 30, "bid.offer_invalid")]
    [InlineData(1_000, (1L << 30) - 1, "bid.offer_invalid")]
    [InlineData(1_000, 1L << 30, null)]
    [InlineData(4_000, 1L << 31, null)]
    public void Offer_SizesAreChecked(long cpu, long memory, string? code)
    {
        var group = Orders.Group();
        var offer = new OfferedUnit(1, 1, group.Units[0].Resources with { CpuMilli = cpu, MemoryBytes = memory });

        Assert.Equal(code, BidChecks.WhyNot(Orders.Bid(offer: [offer]), Orders.Order(group), Orders.Bidder(), BidRules.Default)?.Code);
    }

    [Fact]
    public void Offer_EachIdOnceWithItsCountStorageAndCard()
    {
        var group = Orders.Group(Orders.Unit(1, count: 2, storage: Orders.Volume("data", 100, "beta2")), Orders.Unit(2, gpus: 1, selectors: ["vendor/nvidia/model/*"]));
        OfferedUnit first = new(1, 2, group.Units[0].Resources), second = new(2, 1, group.Units[1].Resources);
        string? Code(params ImmutableArray<OfferedUnit> offer) =>
            BidChecks.WhyNot(Orders.Bid(offer: offer), Orders.Order(group), Orders.Bidder(capabilities: false), BidRules.Default)?.Code;

        Assert.Null(Code(first, second));
        Assert.Null(Code(second with { Resources = second.Resources with { GpuAttributes = [new("vendor/nvidia/model/h100/ram/80Gi", "true")] } }, first));
        Assert.Equal("bid.offer_invalid", Code(first));
        Assert.Equal("bid.offer_invalid", Code(first, first));
        Assert.Equal("bid.offer_invalid", Code(first with { Count = 1 }, second));
        Assert.Equal("bid.offer_invalid", Code(first with { Resources = first.Resources with { Storage = [Orders.Volume("data", 99, "beta2")] } }, second));
        Assert.Equal("bid.offer_invalid", Code(first with { Resources = first.Resources with { Storage = [Orders.Volume("data", 100, "beta1")] } }, second));
        Assert.Equal("bid.offer_invalid", Code(first, second with { Resources = second.Resources with { GpuAttributes = [new("vendor/amd/model/mi300", "true")] } }));
    }

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(7_200, 0, "bid.reclamation_required")]
    [InlineData(7_200, 3_600, "bid.reclamation_too_short")]
    [InlineData(7_200, 7_200, null)]
    [InlineData(0, 3_599, "bid.reclamation_out_of_bounds")]
    [InlineData(0, 2_592_001, "bid.reclamation_out_of_bounds")]
    public void Reclamation_IsOfferedWhereAskedAndWithinBounds(long asked, long offered, string? code) =>
        Assert.Equal(code, BidChecks.WhyNot(Orders.Bid(reclaim: offered), Orders.Order(reclaimMin: asked), Orders.Bidder(), BidRules.Default)?.Code);

    [Fact]
    public void Maintenance_DoesNotBid() =>
        Assert.Equal("provider.maintenance", BidChecks.WhyNot(Orders.Bid(), Orders.Order(), Orders.Bidder(maintenance: true), BidRules.Default)?.Code);

    [Fact]
    public void Ceiling_IsTheSumOfUnitPriceTimesCount()
    {
        Assert.Equal("3000.75", OrderTerms.Ceiling(Orders.Group(Orders.Unit(1, "1000.25", 3), Orders.Unit(2, "0", 5))).Require().ToString());
        Assert.Equal("order.price_invalid", OrderTerms.Ceiling(Orders.Group(Orders.Unit(1, "0"))).Refusal?.Code);
        Assert.Equal("order.price_invalid", OrderTerms.Ceiling(Orders.Group(Orders.Unit(1), Orders.Unit(2, denom: "uakt"))).Refusal?.Code);
        Assert.Equal("order.price_invalid", OrderTerms.Ceiling(Orders.Group(Orders.Unit(1, "99999999999999999999", int.MaxValue))).Refusal?.Code);
    }

    [Fact]
    public void Winner_IsTheLowestThenTheBestScoreThenTheEarliestThenTheId()
    {
        var t = DateTimeOffset.UnixEpoch;
        RankedBid[] worstFirst = [new("e", Rate.Parse("1.000000000000000001"), 99, t), new("d", Rate.OfWhole(1), 5, t), new("c", Rate.OfWhole(1), 7, t.AddSeconds(2)), new("b", Rate.OfWhole(1), 7, t.AddSeconds(1)), new("a", Rate.OfWhole(1), 7, t.AddSeconds(1))];

        Assert.Equal("a", WinnerChoice.Best(worstFirst)?.Id);
        Assert.Equal(["a", "b", "c", "d", "e"], worstFirst.Order(WinnerChoice.Order).Select(b => b.Id));
        Assert.Null(WinnerChoice.Best([]));
    }
}
