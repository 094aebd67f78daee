using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Ledgers;

/// <summary>Operators bring money into being. Key = denomination. The gateway has verified the operator.</summary>
[Alias("depin.issuance.grain")]
public interface IIssuanceGrain : IGrainWithStringKey
{
    /// <summary>
    /// Mints to a wallet. One effect per operation id. <c>issuance.not_allowed</c> (no cap is configured for this token, or it is a credit), <c>issuance.day_max</c>, <c>issuance.amount_invalid</c>,
    /// <c>issuance.recipient_invalid</c>, <c>issuance.reason_invalid</c>, and what the ledger refuses.
    /// </summary>
    [Alias("mint")]
    Task<Result<Issuance>> MintAsync(string operationId, MintMoney command);

    /// <summary>Finishes what was interrupted; the sweep calls.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Money to bring into being.</summary>
/// <param name="To">Identity whose wallet gets it.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Reason">For the record, 3 to 200 characters.</param>
/// <param name="By">The operator.</param>
[GenerateSerializer, Immutable, Alias("depin.issuance.mint.v1")]
public sealed record MintMoney([property: Id(0)] string To, [property: Id(1)] long Amount, [property: Id(2)] string Reason, [property: Id(3)] string By);

/// <summary>Money that was brought into being.</summary>
/// <param name="Ordinal">1, 2, 3… of its token; its transfer has the id <c>issuance/{ordinal}</c>.</param>
/// <param name="At">When it was decided.</param>
[GenerateSerializer, Immutable, Alias("depin.issuance.v1")]
public sealed record Issuance(
    [property: Id(0)] string Token,
    [property: Id(1)] long Ordinal,
    [property: Id(2)] string To,
    [property: Id(3)] long Amount,
    [property: Id(4)] string Reason,
    [property: Id(5)] string By,
    [property: Id(6)] DateTimeOffset At);
