using System.Text;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>A small valid SDL to break in one place.</summary>
internal static class SdlText
{
    public const string Valid = """
        version: "2.0"
        services:
          web:
            image: nginx
            expose:
              - port: 80
                to:
                  - global: true
        profiles:
          compute:
            small:
              resources:
                cpu:
                  units: 1
                memory:
                  size: 1Gi
                storage:
                  size: 1Gi
          placement:
            here:
              pricing:
                small:
                  denom: uact
                  amount: 100
        deployment:
          web:
            here:
              profile: small
              count: 1

        """;

    /// <summary>The valid text with one piece, which must be there once, replaced.</summary>
    public static string With(string old, string replacement)
    {
        Assert.Equal(Valid.IndexOf(old, StringComparison.Ordinal), Valid.LastIndexOf(old, StringComparison.Ordinal));
        Assert.Contains(old, Valid, StringComparison.Ordinal);
        return Valid.Replace(old, replacement, StringComparison.Ordinal);
    }

    public static SdlDocument Accept(string text) => SdlParser.Parse(text).Require();

    /// <summary>The one error there must be.</summary>
    public static SdlError Refuse(string text)
    {
        var result = SdlParser.Parse(text);
        Assert.False(result.IsOk, "the text is accepted");
        return Assert.Single(result.Errors);
    }

    public static string Json(SdlDocument document) => Encoding.UTF8.GetString(document.ManifestJson.AsSpan());
}
