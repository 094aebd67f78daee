using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>The manifest's canonical JSON: keys sorted, nothing between tokens, UTF-8. Its SHA-256 is the deployment's version.</summary>
public static partial class ManifestJson
{
    /// <summary>Writes the canonical bytes.</summary>
    public static ImmutableArray<byte> Write(DeploymentManifest manifest)
    {
        var json = new JsJson();
        Write(json, manifest);
        return json.ToUtf8();
    }

    internal static void Write(JsJson json, DeploymentManifest manifest)
    {
        json.Open('[');
        foreach (var group in manifest.Groups)
        {
            json.Open('{').Key("name").Text(group.Name).Key("services").Open('[');
            foreach (var service in group.Services)
            {
                WriteService(json, service);
            }

            json.Close(']').Close('}');
        }

        json.Close(']');
    }

    private static void WriteService(JsJson json, ManifestService service)
    {
        json.Open('{').Key("args");
        TextsOrNull(json, service.Args);
        TextsOrNull(json.Key("command"), service.Command);
        json.Key("count").Number(service.Count).Key("credentials");
        if (service.Credentials is { } secret)
        {
            json.Open('{').Key("email").Text(secret.Email).Key("host").Text(secret.Host)
                .Key("password").Text(secret.Password).Key("username").Text(secret.Username).Close('}');
        }
        else
        {
            json.Null();
        }

        TextsOrNull(json.Key("env"), service.Env);
        json.Key("expose").Open('[');
        foreach (var expose in service.Expose)
        {
            WriteExpose(json, expose);
        }

        json.Close(']').Key("image").Text(service.Image).Key("name").Text(service.Name);
        if (service.Params is { } given)
        {
            WriteParams(json.Key("params"), given);
        }

        WriteResources(json.Key("resources"), service.Resources);
        json.Close('}');
    }

    private static void WriteExpose(JsJson json, ManifestExpose expose)
    {
        json.Open('{').Key("endpointSequenceNumber").Number(expose.EndpointSequenceNumber)
            .Key("externalPort").Number(expose.ExternalPort)
            .Key("global").Flag(expose.Global);
        TextsOrNull(json.Key("hosts"), expose.Hosts);
        var http = expose.HttpOptions;
        json.Key("httpOptions").Open('{')
            .Key("maxBodySize").Number(http.MaxBodySize)
            .Key("nextCases").Texts(http.NextCases)
            .Key("nextTimeout").Number(http.NextTimeout)
            .Key("nextTries").Number(http.NextTries);
        if (http.ProxyBufferSize != 0)
        {
            json.Key("proxyBufferSize").Number(http.ProxyBufferSize);
        }

        json.Key("readTimeout").Number(http.ReadTimeout).Key("sendTimeout").Number(http.SendTimeout).Close('}')
            .Key("ip").Text(expose.Ip)
            .Key("port").Number(expose.Port)
            .Key("proto").Text(expose.Proto)
            .Key("service").Text(expose.Service).Close('}');
    }

    private static void WriteParams(JsJson json, ManifestParams given)
    {
        json.Open('{');
        if (given.Permissions is { } permissions)
        {
            json.Key("permissions").Open('{').Key("read").Texts(permissions.Read).Close('}');
        }

        json.Key("storage");
        if (given.Storage.IsEmpty && given.Tee is not null)
        {
            // With tee, a field of the newer sources, an empty list is null as in Go; the released package, which knows no tee, writes [].
            json.Null();
        }
        else
        {
            json.Open('[');
            foreach (var mount in given.Storage)
            {
                json.Open('{').Key("mount").Text(mount.Mount).Key("name").Text(mount.Name).Key("readOnly").Flag(mount.ReadOnly).Close('}');
            }

            json.Close(']');
        }

        if (given.Tee is { } tee)
        {
            json.Key("tee").Open('{').Key("attestation").Flag(true).Key("type").Text(tee).Close('}');
        }

        json.Close('}');
    }

    private static void WriteResources(JsJson json, ManifestResources resources)
    {
        json.Open('{').Key("cpu").Open('{');
        Attributes(json, resources.CpuAttributes);
        Value(json.Key("units"), resources.Cpu).Close('}').Key("endpoints").Open('[');
        foreach (var endpoint in resources.Endpoints)
        {
            json.Open('{');
            if (endpoint.Kind != EndpointKind.SharedHttp)
            {
                json.Key("kind").Number((int)endpoint.Kind);
            }

            json.Key("sequence_number").Number(endpoint.SequenceNumber).Close('}');
        }

        json.Close(']').Key("gpu").Open('{');
        Attributes(json, resources.GpuAttributes);
        Value(json.Key("units"), resources.Gpu).Close('}').Key("id").Number(resources.Id).Key("memory").Open('{');
        Value(json.Key("size"), resources.Memory).Close('}').Key("storage").Open('[');
        foreach (var volume in resources.Storage)
        {
            json.Open('{');
            Attributes(json, volume.Attributes);
            Value(json.Key("name").Text(volume.Name).Key("size"), volume.Size).Close('}');
        }

        json.Close(']').Close('}');
    }

    private static JsJson Value(JsJson json, string value) => json.Open('{').Key("val").Text(value).Close('}');

    private static void Attributes(JsJson json, ImmutableArray<SpecAttribute> attributes)
    {
        if (attributes.IsEmpty)
        {
            return;
        }

        json.Key("attributes").Open('[');
        foreach (var attribute in attributes)
        {
            json.Open('{').Key("key").Text(attribute.Key).Key("value").Text(attribute.Value).Close('}');
        }

        json.Close(']');
    }

    private static void TextsOrNull(JsJson json, ImmutableArray<string> values)
    {
        if (values.IsEmpty)
        {
            json.Null();
        }
        else
        {
            json.Texts(values);
        }
    }
}
