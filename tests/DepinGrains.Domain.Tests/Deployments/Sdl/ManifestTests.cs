using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

public sealed class ManifestTests
{
    private static readonly SdlDocument Document = SdlText.Accept(SdlText.With("count: 1", "count: 3"));

    [Fact]
    public void A_manifest_fits_the_groups_of_its_own_sdl()
    {
        SdlFiles.NeedCorpus();
        var fitting = 0;
        foreach (var file in SdlFiles.All())
        {
            if (SdlParser.Parse(File.ReadAllBytes(file)).Document is { } document)
            {
                var refusals = ManifestFit.Check(document.Manifest, document.Groups);

                // Names and hosts are Akash's provider's rules, not the SDL's: some real files break them.
                Assert.All(refusals, r => Assert.True(r.Code is "manifest.bad_service_name" or "manifest.bad_host" or "manifest.duplicate_host" or "manifest.bad_env_name", $"{file}: {r}"));
                fitting += refusals.IsEmpty ? 1 : 0;
            }
        }

        Assert.True(fitting > 170, $"only {fitting} fit");
    }

    [Fact]
    public void A_manifest_survives_its_json_byte_for_byte()
    {
        SdlFiles.NeedCorpus();
        foreach (var file in SdlFiles.All())
        {
            if (SdlParser.Parse(File.ReadAllBytes(file)).Document is { } document)
            {
                var read = ManifestJson.Read(document.ManifestJson.AsMemory()).Require();
                Assert.Equal(document.ManifestJson.AsSpan(), ManifestJson.Write(read).AsSpan());
            }
        }
    }

    [Fact]
    public void Each_way_not_to_fit_has_its_code()
    {
        Assert.Empty(ManifestFit.Check(Document.Manifest, Document.Groups));
        Refused("manifest.replicas", s => s with { Count = 4 });
        Refused("manifest.replicas", s => s with { Count = -1 }, "manifest.unused_replicas");
        Refused("manifest.unused_replicas", s => s with { Count = 2 });
        Refused("manifest.unknown_resources", s => s with { Resources = s.Resources with { Id = 2 } }, "manifest.unused_replicas", "manifest.unused_endpoints");
        Refused("manifest.resources_differ", s => s with { Resources = s.Resources with { Cpu = "1001" } });
        Refused("manifest.resources_differ", s => s with { Resources = s.Resources with { Memory = "NaN" } });
        Refused("manifest.resources_differ", s => s with { Resources = s.Resources with { Gpu = "1" } });
        Refused("manifest.resources_differ", s => s with { Resources = s.Resources with { Storage = [] } });
        Refused("manifest.endpoints", s => s with { Expose = s.Expose.Add(s.Expose[0]) });
        Refused("manifest.endpoints", s => s with { Expose = [s.Expose[0] with { Ip = "addr" }] });
        Refused("manifest.endpoints", s => s with { Expose = [s.Expose[0] with { Port = 81 }] }, "manifest.unused_endpoints");
        Refused("manifest.unused_endpoints", s => s with { Expose = [] });
        Refused("manifest.bad_service_name", s => s with { Name = "Web" });
        Refused("manifest.bad_service_name", s => s with { Name = "web-" });
        Refused("manifest.bad_host", s => s with { Expose = [s.Expose[0] with { Hosts = ["a_b.com"] }] });
        Refused("manifest.duplicate_host", s => s with { Expose = [s.Expose[0] with { Hosts = ["a.com", "a.com"] }] });
        Refused("manifest.bad_env_name", s => s with { Env = ["1A=x"] });
        Refused("manifest.no_image", s => s with { Image = "" });
        Refused("manifest.bad_port", s => s with { Expose = [s.Expose[0] with { Proto = "SCTP" }] }, "manifest.endpoints", "manifest.unused_endpoints");
    }

    [Fact]
    public void Groups_must_be_the_same_ones()
    {
        var group = Document.Manifest.Groups[0];
        Assert.Equal(["manifest.missing_group"], Codes(new DeploymentManifest([])));
        Assert.Equal(["manifest.unknown_group", "manifest.missing_group"], Codes(new DeploymentManifest([group with { Name = "other" }])));
        Assert.Equal(["manifest.duplicate_group"], Codes(new DeploymentManifest([group, group])));
        Assert.Equal(["manifest.duplicate_service", "manifest.replicas", "manifest.endpoints"], Codes(new DeploymentManifest([group with { Services = [group.Services[0], group.Services[0]] }])));
        Assert.Equal(["manifest.no_services", "manifest.unused_replicas", "manifest.unused_endpoints"], Codes(new DeploymentManifest([group with { Services = [] }])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("[{\"name\":\"a\"}]")]
    [InlineData("[{\"name\":\"a\",\"services\":[],\"more\":1}]")]
    [InlineData("[{\"name\":\"a\",\"name\":\"a\",\"services\":[]}]")]
    [InlineData("[{\"name\":null,\"services\":[]}]")]
    [InlineData("[{\"name\":\"\\u0000\",\"services\":[]}]")]
    [InlineData("[{\"name\":\"\\ud800\",\"services\":[]}]")]
    public void Json_of_another_shape_is_refused(string json) => Assert.Equal("manifest.bad_json", ManifestJson.Read(Encoding.UTF8.GetBytes(json)).Refusal?.Code);

    [Fact]
    public void Deep_or_large_json_is_refused()
    {
        Assert.Equal("manifest.bad_json", ManifestJson.Read(Encoding.UTF8.GetBytes(new string('[', 100_000))).Refusal?.Code);
        Assert.Equal("manifest.too_large", ManifestJson.Read(new byte[ManifestJson.MaxBytes + 1]).Refusal?.Code);
    }

    [Fact]
    public void Nothing_printed_holds_env_or_credentials()
    {
        var text = SdlText.With("image: nginx", "image: nginx\n    env: [TOKEN=hush-env]\n    credentials: {host: h, username: u, password: hush-password}");
        var document = SdlText.Accept(text);
        var service = document.Manifest.Groups[0].Services[0];
        Assert.Contains("hush-env", SdlText.Json(document), StringComparison.Ordinal);
        var printed = $"{document} {document.Manifest} {document.Manifest.Groups[0]} {service} {service.Credentials} {string.Join(' ', ManifestFit.Check(document.Manifest, []))}";
        Assert.DoesNotContain("hush", printed, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_is_one_json_object_for_each_outcome()
    {
        using var good = JsonDocument.Parse(SdlReport.For("a.yaml", Encoding.UTF8.GetBytes(SdlText.Valid)).AsMemory());
        Assert.Equal(("a.yaml", true, 64), (good.RootElement.GetProperty("file").GetString(), good.RootElement.GetProperty("ok").GetBoolean(), good.RootElement.GetProperty("hash").GetString()!.Length));
        Assert.Equal("here", good.RootElement.GetProperty("groups")[0].GetProperty("name").GetString());
        Assert.Equal("web", good.RootElement.GetProperty("manifest")[0].GetProperty("services")[0].GetProperty("name").GetString());
        using var bad = JsonDocument.Parse(SdlReport.For("b.yaml", "version: 1"u8).AsMemory());
        Assert.False(bad.RootElement.GetProperty("ok").GetBoolean());
        var error = bad.RootElement.GetProperty("errors")[0];
        Assert.Equal(["column", "line", "message", "path", "rule"], error.EnumerateObject().Select(p => p.Name));
    }

    private static void Refused(string code, Func<ManifestService, ManifestService> change, params string[] also)
    {
        var group = Document.Manifest.Groups[0];
        var codes = Codes(new DeploymentManifest([group with { Services = [change(group.Services[0])] }]));
        Assert.Equal(also.Prepend(code).Order(StringComparer.Ordinal), codes.Order(StringComparer.Ordinal));
    }

    private static ImmutableArray<string> Codes(DeploymentManifest manifest) => [.. ManifestFit.Check(manifest, Document.Groups).Select(r => r.Code)];
}
