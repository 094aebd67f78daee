namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>Every refusal of inference. Codes are stable.</summary>
public static class ServingErrors
{
    /// <summary>A miner's address is not a public one.</summary>
    public const string AddressNotAllowed = "egress.address_not_allowed";

    /// <summary>A miner's address cannot be one.</summary>
    public const string UrlInvalid = "egress.url_invalid";

    /// <summary>The request cannot be served as it is.</summary>
    public const string RequestInvalid = "inference.request_invalid";

    /// <summary>The model is not <c>subnet-n</c>, or there is no such subnet.</summary>
    public const string ModelNotFound = "inference.model_not_found";

    /// <summary>No miner of the subnet serves now.</summary>
    public const string NoMiners = "inference.miners_unavailable";

    /// <summary>Every miner that was asked failed; nothing was delivered and nothing is charged.</summary>
    public const string MinersFailed = "inference.answer_unavailable";

    /// <summary>The miner failed after the first token; what was delivered is charged, without the prompt.</summary>
    public const string Interrupted = "inference.interrupted";

    /// <summary>Whole answers take all the memory they may have in this process; ask again, or ask for a stream.</summary>
    public const string Memory = "inference.memory_overloaded";

    /// <summary>One caller's whole answers take all his share of that memory; ask again when one is done, or ask for a stream.</summary>
    public const string CallerMemory = "inference.share_overloaded";

    /// <summary>Every miner of the subnet has as many requests as it takes at once; ask again.</summary>
    public const string MinersBusy = "inference.miners_overloaded";

    /// <summary>Every miner that was asked said that the request itself cannot be served: a setting out of range, or a kind of work its model does not do.</summary>
    public const string MinersRefused = "inference.request_refused";

    /// <summary>Too many requests of one caller at once.</summary>
    public const string TooMany = "inference.requests_overloaded";
}
