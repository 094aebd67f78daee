namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>What a subnet's inference costs in one token, minor units.</summary>
/// <param name="PromptPerMillion">A million counted tokens of a prompt.</param>
/// <param name="CompletionPerMillion">A million counted tokens of an answer.</param>
/// <param name="PerImage">One generated image.</param>
/// <param name="FeeBasisPoints">The network's share of every payment, 0 to 10,000.</param>
public readonly record struct InferencePrice(long PromptPerMillion, long CompletionPerMillion, long PerImage, int FeeBasisPoints)
{
    private const long Million = 1_000_000;
    private const int Whole = 10_000;

    /// <summary>The cost of an amount of work, rounded up to a whole minor unit: a request never costs nothing while prices are above zero.</summary>
    public long Cost(InferenceUse use)
    {
        var tokens = ((Int128)use.PromptTokens * PromptPerMillion) + ((Int128)use.CompletionTokens * CompletionPerMillion);
        var (whole, rest) = Int128.DivRem(tokens, Million);
        return checked((long)(whole + (rest > 0 ? 1 : 0) + ((Int128)use.Images * PerImage)));
    }

    /// <summary>The miner's and the network's part of a payment; the fee is rounded down.</summary>
    public (long Miner, long Fee) Split(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        var fee = (long)((Int128)amount * FeeBasisPoints / Whole);
        return (amount - fee, fee);
    }
}

/// <summary>Work of one request as the gateway counted it.</summary>
/// <param name="PromptTokens">Tokens of the prompt (or of what is embedded).</param>
/// <param name="CompletionTokens">Tokens of all choices of the answer.</param>
/// <param name="Images">Images generated.</param>
public readonly record struct InferenceUse(long PromptTokens, long CompletionTokens, long Images)
{
    /// <summary>What is billed of it: never more than was held for.</summary>
    public InferenceUse Within(InferenceUse held) =>
        new(Math.Min(PromptTokens, held.PromptTokens), Math.Min(CompletionTokens, held.CompletionTokens), Math.Min(Images, held.Images));

    /// <summary>What is billed when the miner broke off: what arrived, but not the prompt, or a miner would live on first tokens alone.</summary>
    public InferenceUse WithoutPrompt() => this with { PromptTokens = 0 };
}
