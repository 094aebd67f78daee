using System.Collections.Immutable;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Subnets.Shares;

namespace DepinGrains.Domain.Tests.Emissions;

/// <summary>Emission by shares: many blocks at once are the sum of single ones, to the rao and to the block of a halving.</summary>
public sealed class SubnetEmissionTests
{
    private static readonly UInt128 Third = SubnetEmission.All / 3;
    private static readonly ImmutableArray<SubnetShare> Shares = [new(1, SubnetEmission.All / 2, OwnerCut.Default), new(2, Third, 0), new(7, SubnetEmission.All / 1_000_003, 65_535)];

    [Theory]
    [InlineData(0, 5_000, null)]
    [InlineData(10_499_999_999_000_000_0, 3_000, null)]
    [InlineData(10_499_999_000_000_000, 3_000, null)]
    [InlineData(20_999_999_900_000_000, 3_000, null)]
    [InlineData(10_499_999_000_000_000, 3_000, 1)]
    public void ManyBlocksAtOnce_AreTheSumOfSingleBlocks(long issuance, int blocks, int? latched)
    {
        var state = new EmissionState(Math.Min(issuance, TaoEmission.Cap), latched);
        var once = SubnetEmission.Settle(state, -1, blocks - 1, Shares);
        var (single, sums, owners) = (state, new long[Shares.Length], new long[Shares.Length]);
        for (var block = 0; block < blocks; block++)
        {
            var run = SubnetEmission.Settle(single, block - 1, block, Shares);
            single = run.State;
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] += run.Subnets[i].Spans.Sum(static s => s.Total);
                owners[i] += run.Subnets[i].Spans.Sum(static s => s.Owner * s.Blocks);
            }
        }

        Assert.Equal((single.Issuance, single.PerBlock), (once.State.Issuance, once.State.PerBlock));
        Assert.Equal(sums, once.Subnets.Select(static s => s.Spans.Sum(static p => p.Total)));
        Assert.Equal(owners, once.Subnets.Select(static s => s.Spans.Sum(static p => p.Owner * p.Blocks)));
        Assert.Equal(once.Issued, sums.Sum());
        Assert.Equal(state.Issuance + once.Issued, once.State.Issuance);
    }

    /// <summary>With every share taken it is the chain's own curve: 7,200 TAO a day, the first halving after 10.5 million blocks, in a handful of steps.</summary>
    [Fact]
    public void OneSubnetWithAll_IssuesTheWholeSchedule()
    {
        ImmutableArray<SubnetShare> all = [new(1, SubnetEmission.All, OwnerCut.Default)];
        Assert.Equal(7_200 * TaoEmission.RaoPerTao, SubnetEmission.Settle(EmissionState.Genesis(false), -1, TaoEmission.BlocksPerDay - 1, all).Issued);
        var tenYears = 10 * EmissionSimulation.BlocksPerYear;
        var run = SubnetEmission.Settle(EmissionState.Genesis(false), -1, tenYears - 1, all);
        Assert.Equal(EmissionSettlement.Settle(EmissionState.Genesis(false), tenYears).Require().State.Issuance, run.State.Issuance);
        Assert.Equal(10_500_000 - 1, run.Subnets[0].Spans[0].To);
        Assert.InRange(run.Subnets[0].Spans.Length, 2, 4);
        Assert.Equal(0, SubnetEmission.Settle(EmissionState.Genesis(false), -1, tenYears, []).Issued);
    }

    [Fact]
    public void SharesOfMoreThanAll_OrTwiceTheSame_AreRefused()
    {
        Assert.Null(SubnetEmission.WhyNot([new(1, SubnetEmission.All - 1, 0), new(2, 1, 0)]));
        Assert.Equal("emission.shares_invalid", SubnetEmission.WhyNot([new(1, SubnetEmission.All, 0), new(2, 1, 0)])!.Code);
        Assert.Equal("emission.shares_invalid", SubnetEmission.WhyNot([new(1, 1, 0), new(1, 1, 0)])!.Code);
        Assert.Equal("emission.shares_invalid", SubnetEmission.WhyNot([new(1, 1, 65_536)])!.Code);
        Assert.Equal("emission.shares_invalid", SubnetEmission.WhyNot([new(-1, 1, 0)])!.Code);
        Assert.Equal("emission.shares_invalid", SubnetEmission.WhyNot(default)!.Code);
    }

    [Fact]
    public void AnEpochsTransfers_PayExactlyTheDraw_InAsFewAsLegsAllow()
    {
        var draw = new EmissionDraw(3, 9, 0, 360, 1_000, 100_000);
        EpochPayment[] payments = [new("wallet/o", 1_000), .. Enumerable.Range(0, 150).Select(static i => new EpochPayment($"stake/{i % 140}/own", i))];
        var transfers = EpochPayments.Of(draw, payments);
        Assert.Equal(3, transfers.Length);
        Assert.Equal(["epoch/3/9/0", "epoch/3/9/1", "epoch/3/9/2"], transfers.Select(static t => t.Id));
        Assert.All(transfers, static t => Assert.Null(Domain.Ledgers.TransferValidation.Check(t)));
        Assert.Equal(-101_000, transfers.Sum(static t => t.Legs.Where(static l => l.Account == "emission/3").Sum(static l => l.Amount)));
        Assert.Equal(101_000 - 1_000 - (149 * 150 / 2), transfers.Sum(static t => t.Legs.Where(static l => l.Account == LedgerAccounts.Issuance).Sum(static l => l.Amount)));
        Assert.Equal(0 + 140, transfers.SelectMany(static t => t.Legs).Single(static l => l.Account == "stake/0/own").Amount);
        Assert.Empty(EpochPayments.Of(draw with { Owner = 0, Queued = 0 }, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => EpochPayments.Of(draw, [new EpochPayment("a", 101_001)]));
    }
}
