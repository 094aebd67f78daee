using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Deployments;

/// <summary>
/// Who may be reached under a host name, in the whole network (on Akash each provider decides for itself): at most one deployment at a time. Key = the name in lower case. Calls nobody.
/// </summary>
[Alias("depin.hostname.grain")]
public interface IHostnameGrain : IGrainWithStringKey
{
    /// <summary>Takes the name for a deployment; again it answers the same. <c>hostname.in_use</c> while another holds it.</summary>
    [Alias("claim")]
    Task<Result<HostnameView>> ClaimAsync(string deployment);

    /// <summary>Gives the name back; nothing happens when the deployment does not hold it.</summary>
    [Alias("release")]
    Task<Result<Done>> ReleaseAsync(string deployment);

    /// <summary>Who holds it.</summary>
    [Alias("get")]
    Task<HostnameView> GetAsync();
}

/// <summary>A host name. <paramref name="Deployment"/> is null while nobody holds it.</summary>
[GenerateSerializer, Immutable, Alias("depin.hostname.view.v1")]
public sealed record HostnameView([property: Id(0)] string Name, [property: Id(1)] string? Deployment, [property: Id(2)] DateTimeOffset? Since);
