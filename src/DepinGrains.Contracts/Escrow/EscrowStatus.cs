namespace DepinGrains.Contracts.Escrow;

/// <summary>Where an escrow account stands.</summary>
[GenerateSerializer]
public enum EscrowStatus
{
    /// <summary>Money streams.</summary>
    Open = 0,

    /// <summary>The money ran out: nothing streams, nothing is owed; a deposit within the grace resumes it.</summary>
    Paused = 1,

    /// <summary>Paid out and refunded, for ever.</summary>
    Closed = 2,
}

/// <summary>Where one payment (the stream to one lease's provider) stands.</summary>
[GenerateSerializer]
public enum EscrowPaymentStatus
{
    /// <summary>Streams while its account is open.</summary>
    Open = 0,

    /// <summary>Ended and paid out.</summary>
    Closed = 1,
}

/// <summary>What one movement of escrow money is.</summary>
[GenerateSerializer]
public enum EscrowMovementKind
{
    /// <summary>From a depositor's wallet into the escrow account.</summary>
    Deposit = 0,

    /// <summary>The network's take of a withdrawal, into the community pool.</summary>
    Fee = 1,

    /// <summary>A provider's earnings after the fee.</summary>
    Payout = 2,

    /// <summary>What a depositor gets back; with a grant its allowance is restored by the same amount.</summary>
    Refund = 3,
}
