using System.Collections.Immutable;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary>The section <c>services</c>.</summary>
internal static class ServiceReader
{
    private static readonly string[] HttpCases = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"];

    public static void ReadAll(SdlSource source, YamlNode node, string path, SdlModel model)
    {
        if (!source.Map(node, path, [], []))
        {
            return;
        }

        foreach (var entry in node.Entries)
        {
            var at = SdlSource.Join(path, entry.Key);
            model.Services.Add(entry.Key, new(Read(source, entry.Value, at), entry.KeyNode, at));
        }
    }

    private static ServiceModel? Read(SdlSource source, YamlNode node, string path)
    {
        if (!source.Map(node, path, ["image", "command", "args", "env", "expose", "dependencies", "params", "credentials"], ["image"]))
        {
            return null;
        }

        ReadDependencies(source, node, path);
        return new ServiceModel(
            source.Text(node, path, "image", minLength: 1) ?? "",
            source.Texts(node, path, "command", orNull: true),
            source.Texts(node, path, "args", orNull: true),
            source.Texts(node, path, "env", orNull: true),
            ReadExposes(source, node, path),
            ReadParams(source, node, path),
            ReadCredentials(source, node, path));
    }

    private static void ReadDependencies(SdlSource source, YamlNode service, string path)
    {
        var at = SdlSource.Join(path, "dependencies");
        if (service["dependencies"] is not { } node || !source.List(node, at))
        {
            return;
        }

        for (var i = 0; i < node.Items.Count; i++)
        {
            if (source.Map(node.Items[i], SdlSource.Join(at, i), ["service"], []))
            {
                _ = source.Text(node.Items[i], SdlSource.Join(at, i), "service");
            }
        }
    }

    private static ImmutableArray<ExposeModel> ReadExposes(SdlSource source, YamlNode service, string path)
    {
        var at = SdlSource.Join(path, "expose");
        if (service["expose"] is not { } node || !source.List(node, at))
        {
            return [];
        }

        var exposes = ImmutableArray.CreateBuilder<ExposeModel>(node.Items.Count);
        for (var i = 0; i < node.Items.Count; i++)
        {
            var item = node.Items[i];
            var itemPath = SdlSource.Join(at, i);
            if (!source.Map(item, itemPath, ["port", "as", "proto", "accept", "to", "http_options"], ["port"]))
            {
                continue;
            }

            exposes.Add(new ExposeModel(
                (int)(source.Whole(item, itemPath, "port", 1, 65535) ?? 1),
                (int?)source.Whole(item, itemPath, "as", 1, 65535),
                (source.OneOf(item, itemPath, "proto", "TCP", "UDP", "tcp", "udp") ?? "TCP").ToUpperInvariant(),
                source.Texts(item, itemPath, "accept"),
                ReadTo(source, item, itemPath),
                ReadHttp(source, item, itemPath)));
        }

        return exposes.ToImmutable();
    }

    private static ImmutableArray<Placed<ToModel>> ReadTo(SdlSource source, YamlNode expose, string path)
    {
        var at = SdlSource.Join(path, "to");
        if (expose["to"] is not { } node || !source.List(node, at))
        {
            return [];
        }

        var list = ImmutableArray.CreateBuilder<Placed<ToModel>>(node.Items.Count);
        for (var i = 0; i < node.Items.Count; i++)
        {
            var item = node.Items[i];
            var itemPath = SdlSource.Join(at, i);
            if (!source.Map(item, itemPath, ["service", "global", "ip"], []))
            {
                continue;
            }

            var to = new ToModel(
                source.Text(item, itemPath, "service") ?? "",
                source.Flag(item, itemPath, "global") ?? false,
                source.Text(item, itemPath, "ip", minLength: 1) ?? "");
            if (to.Ip.Length > 0 && !to.Global)
            {
                source.Fail(item["ip"]!, itemPath, SdlRules.IpNeedsGlobal, "If an IP is declared, the directive must be declared as global.");
            }

            list.Add(new(to, item, itemPath));
        }

        return list.ToImmutable();
    }

    private static ManifestHttpOptions ReadHttp(SdlSource source, YamlNode expose, string path)
    {
        var defaults = ManifestHttpOptions.Default;
        var at = SdlSource.Join(path, "http_options");
        string[] fields = ["max_body_size", "read_timeout", "send_timeout", "next_tries", "next_timeout", "next_cases", "proxy_buffer_size"];
        if (expose["http_options"] is not { } node || !source.Map(node, at, fields, []))
        {
            return defaults;
        }

        var cases = source.Texts(node, at, "next_cases", allowed: HttpCases);
        if (cases.Length > 1 && cases.Contains("off"))
        {
            source.Fail(node["next_cases"]!, SdlSource.Join(at, "next_cases"), SdlRules.NextCases, "\"off\" must be the only case.");
        }

        return new ManifestHttpOptions(
            source.Whole(node, at, "max_body_size", 0, 104_857_600) ?? defaults.MaxBodySize,
            source.Whole(node, at, "read_timeout", 0, 60_000) ?? defaults.ReadTimeout,
            source.Whole(node, at, "send_timeout", 0, 60_000) ?? defaults.SendTimeout,
            source.Whole(node, at, "next_tries", 0) ?? defaults.NextTries,
            source.Whole(node, at, "next_timeout", 0) ?? defaults.NextTimeout,
            node.Has("next_cases") ? cases : defaults.NextCases,
            source.Whole(node, at, "proxy_buffer_size", 0, 1_048_576) ?? 0);
    }

    private static ParamsModel? ReadParams(SdlSource source, YamlNode service, string path)
    {
        var at = SdlSource.Join(path, "params");
        if (service["params"] is not { } node || !source.Map(node, at, ["storage", "permissions", "tee"], []))
        {
            return null;
        }

        ManifestPermissions? permissions = null;
        var permissionsPath = SdlSource.Join(at, "permissions");
        if (node["permissions"] is { } permissionsNode && source.Map(permissionsNode, permissionsPath, ["read"], []))
        {
            permissions = new ManifestPermissions(source.Texts(permissionsNode, permissionsPath, "read", allowed: ["deployment", "logs", "events"]));
        }

        var tee = source.OneOf(node, at, "tee", "cpu", "cpu-gpu");
        return new ParamsModel(
            node.Has("storage"),
            ReadMounts(source, node, at),
            permissions,
            tee is null ? null : new Placed<string>(tee, node["tee"]!, SdlSource.Join(at, "tee")));
    }

    private static ImmutableArray<KeyValuePair<string, Placed<MountModel>>> ReadMounts(SdlSource source, YamlNode node, string path)
    {
        var at = SdlSource.Join(path, "storage");
        if (node["storage"] is not { } storage || !source.Map(storage, at, [], []))
        {
            return [];
        }

        var mounts = ImmutableArray.CreateBuilder<KeyValuePair<string, Placed<MountModel>>>(storage.Entries.Count);
        foreach (var entry in storage.Entries)
        {
            var itemPath = SdlSource.Join(at, entry.Key);
            if (!source.Map(entry.Value, itemPath, ["mount", "readOnly"], []))
            {
                continue;
            }

            var mount = source.Text(entry.Value, itemPath, "mount", minLength: 1) ?? "";
            if (mount.Length > 0 && mount[0] != '/')
            {
                source.Fail(entry.Value["mount"]!, SdlSource.Join(itemPath, "mount"), SdlRules.BadFormat, $"Mount \"{SdlSource.Clip(mount)}\" must start with \"/\".");
            }

            var model = new MountModel(mount, source.Flag(entry.Value, itemPath, "readOnly") ?? false);
            mounts.Add(new(entry.Key, new(model, entry.KeyNode, itemPath)));
        }

        return mounts.ToImmutable();
    }

    private static ManifestCredentials? ReadCredentials(SdlSource source, YamlNode service, string path)
    {
        var at = SdlSource.Join(path, "credentials");
        if (service["credentials"] is not { } node || !source.Map(node, at, ["host", "email", "username", "password"], ["host", "username", "password"]))
        {
            return null;
        }

        return new ManifestCredentials(
            source.Text(node, at, "host", minLength: 1) ?? "",
            source.Text(node, at, "email", minLength: 5) ?? "",
            source.Text(node, at, "username", minLength: 1) ?? "",
            source.Text(node, at, "password", minLength: 6) ?? "");
    }
}
