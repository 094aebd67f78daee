using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>Each rule by itself: an SDL broken in one place gives one error that names the rule, the path and the line.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("version: \"2.0\"", "version: 2.0", SdlRules.WrongType, "/version", 1)]
    [InlineData("version: \"2.0\"", "version: \"3.0\"", SdlRules.NotAllowed, "/version", 1)]
    [InlineData("version: \"2.0\"", "version: \"2.0\"\nextra: 1", SdlRules.UnexpectedField, "/extra", 2)]
    [InlineData("    image: nginx\n", "    command: null\n", SdlRules.Required, "/services/web", 4)]
    [InlineData("image: nginx", "image: \"\"", SdlRules.Required, "/services/web/image", 4)]
    [InlineData("image: nginx", "image: nginx\n    depends_on: [x]", SdlRules.UnexpectedField, "/services/web/depends_on", 5)]
    [InlineData("image: nginx", "image: nginx\n    env: [A=1, 2]", SdlRules.WrongType, "/services/web/env/1", 5)]
    [InlineData("image: nginx", "image: nginx\n    params: {storage: {data: {mount: data}}}", SdlRules.BadFormat, "/services/web/params/storage/data/mount", 5, SdlRules.UnknownVolume)]
    [InlineData("port: 80", "port: 0", SdlRules.OutOfRange, "/services/web/expose/0/port", 6)]
    [InlineData("port: 80", "port: 65536", SdlRules.OutOfRange, "/services/web/expose/0/port", 6)]
    [InlineData("port: 80", "port: \"80\"", SdlRules.WrongType, "/services/web/expose/0/port", 6)]
    [InlineData("port: 80", "port: 80.5", SdlRules.WrongType, "/services/web/expose/0/port", 6)]
    [InlineData("port: 80", "port: 80\n        proto: sctp", SdlRules.NotAllowed, "/services/web/expose/0/proto", 7)]
    [InlineData("port: 80", "port: 80\n        http_options: {next_cases: [off, error]}", SdlRules.NextCases, "/services/web/expose/0/http_options/next_cases", 7)]
    [InlineData("port: 80", "port: 80\n        http_options: {next_cases: [500]}", SdlRules.WrongType, "/services/web/expose/0/http_options/next_cases/0", 7)]
    [InlineData("port: 80", "port: 80\n        http_options: {read_timeout: 60001}", SdlRules.OutOfRange, "/services/web/expose/0/http_options/read_timeout", 7)]
    [InlineData("global: true", "global: yes", SdlRules.WrongType, "/services/web/expose/0/to/0/global", 8)]
    [InlineData("global: true", "service: x\n            ip: addr", SdlRules.IpNeedsGlobal, "/services/web/expose/0/to/0", 9, SdlRules.UnknownEndpoint)]
    [InlineData("units: 1", "units: 0", SdlRules.BadFormat, "/profiles/compute/small/resources/cpu/units", 14)]
    [InlineData("units: 1", "units: -1", SdlRules.BadFormat, "/profiles/compute/small/resources/cpu/units", 14)]
    [InlineData("memory:\n          size: 1Gi", "memory:\n          size: 1024", SdlRules.WrongType, "/profiles/compute/small/resources/memory/size", 16)]
    [InlineData("memory:\n          size: 1Gi", "memory:\n          size: \"1024\"", SdlRules.BadFormat, "/profiles/compute/small/resources/memory/size", 16)]
    [InlineData("memory:\n          size: 1Gi", "memory:\n          size: 99E", SdlRules.NumberTooLarge, "/profiles/compute/small/resources/memory/size", 16)]
    [InlineData("denom: uact", "denom: uatom", SdlRules.NotAllowed, "/profiles/placement/here/pricing/small/denom", 23)]
    [InlineData("denom: uact", "denom: ibc/ABC", SdlRules.NotAllowed, "/profiles/placement/here/pricing/small/denom", 23)]
    [InlineData("amount: 100", "amount: -1", SdlRules.BadFormat, "/profiles/placement/here/pricing/small/amount", 24)]
    [InlineData("amount: 100", "amount: \"1e3\"", SdlRules.BadFormat, "/profiles/placement/here/pricing/small/amount", 24)]
    [InlineData("count: 1", "count: 0", SdlRules.OutOfRange, "/deployment/web/here/count", 29)]
    [InlineData("profile: small", "profile: big", SdlRules.UnknownProfile, "/deployment/web/here", 27, SdlRules.MissingPricing)]
    [InlineData("  web:\n    here:", "  web:\n    there:", SdlRules.UnknownPlacement, "/deployment/web/there", 27)]
    [InlineData("deployment:\n  web:", "deployment:\n  other:", SdlRules.ServiceNotDeployed, "/deployment", 26)]
    [InlineData("deployment:\n", "deployment:\n  other: {here: {profile: small, count: 1}}\n", SdlRules.UnknownService, "/deployment/other/here", 26)]
    [InlineData("deployment:\n", "endpoints: {addr: {kind: ip}}\ndeployment:\n", SdlRules.EndpointUnused, "/endpoints/addr", 25)]
    [InlineData("deployment:\n", "reclamation: {min_window: 1h30m}\ndeployment:\n", SdlRules.BadFormat, "/reclamation/min_window", 25)]
    public void One_mistake_gives_its_rule_path_and_line(string old, string replacement, string rule, string path, int line, string? also = null)
    {
        var errors = SdlParser.Parse(SdlText.With(old, replacement)).Errors;
        Assert.Equal(also is null ? 1 : 2, errors.Length);
        var error = Assert.Single(errors, e => e.Rule == rule);
        Assert.Equal((path, line), (error.Path, error.Line));
        Assert.All(errors, e => Assert.True(e.Rule == rule || e.Rule == also));
    }

    [Theory]
    [InlineData("{units: 1}", SdlRules.GpuAttributes)]
    [InlineData("{units: 0, attributes: {vendor: {nvidia: null}}}", SdlRules.GpuAttributes)]
    [InlineData("{units: 1, attributes: {}}", SdlRules.GpuAttributes)]
    [InlineData("{units: 1, attributes: {vendor: {amd: null}}}", SdlRules.UnexpectedField)]
    [InlineData("{units: 1, attributes: {vendor: {nvidia: [{interface: pciex}]}}}", SdlRules.NotAllowed)]
    [InlineData("{units: 1.5, attributes: {vendor: {nvidia: null}}}", SdlRules.BadFormat)]
    [InlineData("{attributes: {vendor: {nvidia: null}}}", SdlRules.Required, SdlRules.GpuAttributes)]
    public void Gpu_units_and_attributes_belong_together(string gpu, string rule, string? also = null)
    {
        var errors = SdlParser.Parse(SdlText.With("        cpu:\n", $"        gpu: {gpu}\n        cpu:\n")).Errors;
        Assert.Contains(errors, e => e.Rule == rule);
        Assert.All(errors, e => Assert.True(e.Rule == rule || e.Rule == also, e.ToString()));
    }

    [Theory]
    [InlineData("{name: data, size: 1Gi, attributes: {persistent: true}}", "", SdlRules.MountRequired)]
    [InlineData("{name: data, size: 1Gi, attributes: {class: ram, persistent: true}}", "data: {mount: /x}", SdlRules.RamNotPersistent)]
    [InlineData("{name: data, size: 1Gi}", "other: {mount: /x}", SdlRules.UnknownVolume)]
    [InlineData("[{name: data, size: 1Gi}, {name: more, size: 1Gi}]", "data: {mount: /x}, more: {mount: /x}", SdlRules.MountInUse)]
    [InlineData("[{name: data, size: 1Gi}, {name: more, size: 1Gi}]", "data: {}, more: {}", SdlRules.MountInUse)]
    [InlineData("{name: data, size: 1Gi, shape: x}", "", SdlRules.UnexpectedField)]
    public void Volumes_and_mounts_belong_together(string storage, string mounts, string rule)
    {
        var text = SdlText.With("storage:\n          size: 1Gi", $"storage: {storage}")
            .Replace("    image: nginx\n", $"    image: nginx\n    params: {{storage: {{{mounts}}}}}\n", StringComparison.Ordinal);
        Assert.Equal(rule, SdlText.Refuse(text).Rule);
    }

    [Fact]
    public void All_mistakes_are_reported_in_the_order_of_lines()
    {
        var text = SdlText.With("port: 80", "port: 0").Replace("denom: uact", "denom: gold", StringComparison.Ordinal).Replace("count: 1", "count: none", StringComparison.Ordinal);
        var errors = SdlParser.Parse(text).Errors;
        Assert.Equal([(6, SdlRules.OutOfRange), (23, SdlRules.NotAllowed), (29, SdlRules.WrongType)], errors.Select(e => (e.Line, e.Rule)));
        Assert.Equal(15, errors[0].Column);
    }

    [Fact]
    public void An_address_is_used_once_per_port_and_protocol()
    {
        var text = SdlText.With("          - global: true", "          - {global: true, ip: addr}\n          - {global: true, ip: addr}") + "endpoints:\n  addr: {kind: ip}\n";
        Assert.Equal((SdlRules.IpPortInUse, "/services/web/expose/0/to/1"), (SdlText.Refuse(text).Rule, SdlText.Refuse(text).Path));
    }

    [Fact]
    public void Trusted_environments_of_one_group_must_agree_and_have_their_card()
    {
        var conflict = SdlText.With("    image: nginx\n", "    image: nginx\n    params: {tee: cpu}\n")
            .Replace("profiles:\n", "  web2:\n    image: nginx\n    params: {tee: cpu-gpu}\nprofiles:\n", StringComparison.Ordinal)
            + "  web2: {here: {profile: small, count: 1}}\n";
        Assert.Equal([SdlRules.TeeNeedsGpu, SdlRules.TeeConflict], SdlParser.Parse(conflict).Errors.Select(e => e.Rule));
    }
}
