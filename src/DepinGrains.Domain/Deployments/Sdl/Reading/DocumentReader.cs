using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary>The top level: version, deployment, endpoints, reclamation; the big sections have readers of their own.</summary>
internal static class DocumentReader
{
    public static SdlModel? Read(SdlSource source, YamlNode root)
    {
        if (!source.Map(root, "", ["version", "include", "services", "profiles", "deployment", "endpoints", "reclamation"], ["version", "services", "profiles", "deployment"]))
        {
            return null;
        }

        var model = new SdlModel { Version = source.OneOf(root, "", "version", "2.0", "2.1") ?? "", DeploymentNode = root["deployment"] };
        _ = source.Texts(root, "", "include");
        if (root["services"] is { } services)
        {
            ServiceReader.ReadAll(source, services, "/services", model);
        }

        if (root["profiles"] is { } profiles)
        {
            ProfileReader.ReadAll(source, profiles, "/profiles", model);
        }

        if (root["deployment"] is { } deployment)
        {
            ReadDeployment(source, deployment, model);
        }

        if (root["endpoints"] is { } endpoints)
        {
            ReadEndpoints(source, endpoints, model);
        }

        if (root["reclamation"] is { } reclamation && source.Map(reclamation, "/reclamation", ["min_window"], ["min_window"]))
        {
            model.ReclamationMinWindow = ReadWindow(source, reclamation);
        }

        return model;
    }

    private static void ReadDeployment(SdlSource source, YamlNode node, SdlModel model)
    {
        if (!source.Map(node, "/deployment", [], []))
        {
            return;
        }

        foreach (var service in node.Entries)
        {
            var path = SdlSource.Join("/deployment", service.Key);
            var placements = new Dictionary<string, Placed<DeployModel?>>(StringComparer.Ordinal);
            model.Deployments.Add(service.Key, placements);
            if (!source.Map(service.Value, path, [], []))
            {
                continue;
            }

            foreach (var placement in service.Value.Entries)
            {
                var at = SdlSource.Join(path, placement.Key);
                DeployModel? deploy = null;
                if (source.Map(placement.Value, at, ["profile", "count"], ["profile", "count"]))
                {
                    var profile = source.Text(placement.Value, at, "profile");
                    var count = source.Whole(placement.Value, at, "count", 1, hardMax: 100_000);
                    deploy = profile is null ? null : new DeployModel(profile, (int)(count ?? 1));
                }

                placements.Add(placement.Key, new(deploy, placement.KeyNode, at));
            }
        }
    }

    private static void ReadEndpoints(SdlSource source, YamlNode node, SdlModel model)
    {
        if (!source.Map(node, "/endpoints", [], []))
        {
            return;
        }

        foreach (var endpoint in node.Entries)
        {
            var path = SdlSource.Join("/endpoints", endpoint.Key);
            model.Endpoints.Add(endpoint.Key, new(true, endpoint.KeyNode, path));
            if (!IsEndpointName(endpoint.Key))
            {
                source.Fail(endpoint.KeyNode, path, SdlRules.BadFormat, $"Endpoint name \"{SdlSource.Clip(endpoint.Key)}\" must match ^[a-z]+[-_0-9a-z]+$.");
            }
            else if (source.Map(endpoint.Value, path, ["kind"], ["kind"]))
            {
                _ = source.OneOf(endpoint.Value, path, "kind", "ip");
            }
        }
    }

    private static bool IsEndpointName(string name) =>
        name.Length >= 2 && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    private static TimeSpan? ReadWindow(SdlSource source, YamlNode node)
    {
        if (source.Text(node, "/reclamation", "min_window") is not { } text)
        {
            return null;
        }

        var at = node["min_window"]!;
        var seconds = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (seconds == 0 || text[0] == '0' || text.AsSpan(0, text.Length - 1).ContainsAnyExceptInRange('0', '9'))
        {
            source.Fail(at, "/reclamation/min_window", SdlRules.BadFormat, $"Reclamation min_window must be a whole number followed by s, m, or h (e.g. \"24h\", \"30m\"), not \"{SdlSource.Clip(text)}\".");
            return null;
        }

        if (text.Length > 10)
        {
            source.Fail(at, "/reclamation/min_window", SdlRules.NumberTooLarge, $"\"{SdlSource.Clip(text)}\" is too long a time.");
            return null;
        }

        return TimeSpan.FromSeconds(long.Parse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture) * seconds);
    }

    /// <summary>A mapping of untyped values as attributes, sorted by key.</summary>
    public static ImmutableArray<SpecAttribute> Attributes(SdlSource source, YamlNode parent, string path, string key)
    {
        if (parent[key] is not { } node || !source.Map(node, SdlSource.Join(path, key), [], []))
        {
            return [];
        }

        return [.. node.Entries.Select(e => new SpecAttribute(e.Key, SdlSource.AnyText(e.Value))).OrderBy(a => a.Key, JsCollation.Instance)];
    }
}
