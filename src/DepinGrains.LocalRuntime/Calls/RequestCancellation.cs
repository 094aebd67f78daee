using DepinGrains.LocalRuntime.Activations;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>
/// Carries a caller's cancellation to the grain: the caller is answered at once, and the grain's own token is cancelled on the grain's turn, so that
/// what is registered on it never runs beside grain code.
/// </summary>
internal sealed class RequestCancellation : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly GrainRequest _request;
    private readonly CancellationToken _caller;
    private CancellationTokenRegistration _registration;

    private RequestCancellation(GrainRequest request, CancellationToken caller)
    {
        _request = request;
        _caller = caller;
    }

    /// <summary>Swaps the request's token for one the runtime controls.</summary>
    internal static void Bind(GrainRequest request)
    {
        var caller = request.Token;
        if (caller.CanBeCanceled)
        {
            var cancellation = new RequestCancellation(request, caller);
            request.Cancellation = cancellation;
            request.Token = cancellation._source.Token;
        }
    }

    /// <summary>Listens from now on. The request must be with an activation already.</summary>
    internal void Listen() => _registration = _caller.UnsafeRegister(static s => ((RequestCancellation)s!).Cancelled(), this);

    /// <summary>Cancels the grain's token; on the grain's turn.</summary>
    internal void CancelGrainToken() => _source.Cancel();

    /// <inheritdoc />
    public void Dispose() => _registration.Unregister();

    private void Cancelled()
    {
        var exception = new OperationCanceledException("The caller cancelled the call.", _caller);
        Activation.Cancel(_request, exception);
    }
}
