using Microsoft.AspNetCore.Mvc;

namespace DepinGrains.Gateway.Http;

/// <summary>The framework's own problems (validation, exception handler) through our writer. Registered before the default one, which stays silent when Accept does not name JSON.</summary>
public sealed class ProblemWriter : IProblemDetailsWriter
{
    /// <inheritdoc/>
    public bool CanWrite(ProblemDetailsContext context) => true;

    /// <inheritdoc/>
    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Problems.Complete(context.HttpContext, context.ProblemDetails);
        return new ValueTask(Problems.WriteAsync(context.HttpContext, context.ProblemDetails));
    }
}
