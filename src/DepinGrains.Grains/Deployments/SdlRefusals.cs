using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Grains.Deployments;

/// <summary>An invalid SDL as one refusal: the first error in the sentence, all of them (at most 20) as facts <c>line:column path rule</c>.</summary>
public static class SdlRefusals
{
    private const int FactsMax = 20;

    /// <summary>Makes the refusal.</summary>
    public static Refusal Of(ImmutableArray<SdlError> errors)
    {
        var first = errors[0];
        return new Refusal(
            "deployment.sdl_invalid",
            string.Create(CultureInfo.InvariantCulture, $"line {first.Line}: {first.Message}"),
            [.. errors.Take(FactsMax).Select(static e => new Fact(string.Create(CultureInfo.InvariantCulture, $"{e.Line}:{e.Column} {e.Path}"), $"{e.Rule}: {e.Message}"))]);
    }
}
