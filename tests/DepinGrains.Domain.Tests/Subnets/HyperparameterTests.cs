using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Hyperparameters whose bounds protect the subnet itself.</summary>
public sealed class HyperparameterTests
{
    private static readonly SubnetHyperparameters Usual = new();

    [Fact]
    public void AsManyValidatorsAreAllowed_AsHaveBondsThatCanBeStored_WhateverOrderBoundsAreSetIn()
    {
        Assert.Equal(1_000, HyperparameterCatalog.Set(Usual with { MaxAllowedUids = EpochInputs.UidsMax }, "max_validators", "1000").Require().MaxValidators);
        foreach (var uids in (int[])[1, EpochInputs.UidsMax])
        {
            // Uids that are there stay when fewer are allowed: the bound does not grow for a subnet that says it is small.
            var refusal = HyperparameterCatalog.Set(Usual with { MaxAllowedUids = uids }, "max_validators", "1001").Refusal!;
            Assert.Equal(("hyperparameter.invalid", "max_validators is a whole number, 1 to 1000"), (refusal.Code, refusal.Detail));
        }

        // What was set before there was the bound.
        Assert.Equal(1_000, (Usual with { MaxValidators = 4_096 }).EpochOf().MaxValidators);
        Assert.Equal(64, Usual.EpochOf().MaxValidators);
    }

    /// <summary>A subnet whose owner touches neither runs as subnets did before there were these two.</summary>
    [Fact]
    public void BondsPenaltyAndSteepness_AreTheRuleOf2024_UntilTheOwnerSetsThem()
    {
        var liquid = Usual with { YumaVersion = 3, LiquidAlphaEnabled = true };
        Assert.Equal((ushort.MaxValue, 1_000), (Usual.EpochOf().BondsPenalty, liquid.EpochOf().LiquidAlpha!.Steepness));
        var set = HyperparameterCatalog.Set(HyperparameterCatalog.Set(liquid, "bonds_penalty", "0").Require(), "alpha_sigmoid_steepness", "4000").Require().EpochOf().Checked().Require();
        Assert.Equal((0, LiquidAlpha.SteepnessMax), (set.BondsPenalty, set.LiquidAlpha!.Steepness));
        Assert.Equal("alpha_sigmoid_steepness is a whole number, 0 to 4000", HyperparameterCatalog.Set(liquid, "alpha_sigmoid_steepness", "4001").Refusal!.Detail);
    }
}
