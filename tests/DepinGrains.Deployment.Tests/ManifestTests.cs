using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DepinGrains.Deployment.Tests.Manifests;

namespace DepinGrains.Deployment.Tests;

/// <summary>Every overlay keeps every rule, and every rule sees the mistake it is there for.</summary>
public sealed class ManifestTests
{
    private delegate IEnumerable<string> Rule(IReadOnlyList<JsonObject> objects);

    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["selectors"] = SelectorRules.Selectors,
        ["ports"] = SelectorRules.Ports,
        ["network policies"] = SelectorRules.NetworkPolicies,
        ["resources"] = PodRules.Resources,
        ["security"] = PodRules.Security,
        ["references"] = PodRules.References,
        ["images"] = HostRules.Images,
        ["variables"] = HostRules.Variables,
        ["probes"] = HostRules.Probes,
        ["grace"] = HostRules.Grace,
        ["disruption"] = AvailabilityRules.Disruption,
        ["spread"] = AvailabilityRules.Spread,
        ["scaling"] = AvailabilityRules.Scaling,
        ["secrets"] = SecretRules.Made,
        ["proxies"] = ProxyRules.Trust,
        ["miners"] = MinerRules.Egress,
    };

    /// <summary>(rule that must see it, object, path inside it, what is put there; null takes it away).</summary>
    private static readonly (string Rule, string Object, string Path, string? Value)[] Mistakes =
    [
        ("selectors", "Deployment/depin-silo", "spec/selector/matchLabels/app.kubernetes.io~name", "depin-silos"),
        ("selectors", "Deployment/depin-gateway", "spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels/app.kubernetes.io~name", "depin-silo"),
        ("selectors", "Service/depin-gateway", "spec/selector/app.kubernetes.io~name", "gateway"),
        ("selectors", "PodDisruptionBudget/depin-silo", "spec/selector/matchLabels/app.kubernetes.io~name", "silo"),
        ("ports", "Service/depin-gateway", "spec/ports/0/targetPort", "web"),
        ("ports", "Deployment/depin-silo", "spec/template/spec/containers/0/readinessProbe/httpGet/port", "http"),
        ("ports", "Deployment/depin-silo", "spec/template/spec/containers/0/ports/0/name", "HTTP_8080"),
        ("ports", "Deployment/depin-gateway", "spec/template/metadata/annotations/prometheus.io~port", "8080"),
        ("ports", "Ingress/depin", "spec/rules/0/http/paths/0/backend/service/port/name", "https"),
        ("network policies", "NetworkPolicy/depin-silo", "spec/podSelector/matchLabels/app.kubernetes.io~name", "silo"),
        ("network policies", "NetworkPolicy/depin-silo", "spec/ingress/0/ports/0/port", "silos"),
        ("network policies", "NetworkPolicy/depin-silo", "spec/ingress/0/from/0/podSelector/matchLabels/app.kubernetes.io~name", "silo"),
        ("network policies", "NetworkPolicy/depin-gateway", "spec/egress/0/ports/0/port", "31000"),
        ("network policies", "NetworkPolicy/depin-default-deny", "spec/policyTypes/0", "Egress"),
        ("resources", "Deployment/depin-silo", "spec/template/spec/containers/0/resources/limits/memory", "100Mi"),
        ("resources", "Deployment/depin-gateway", "spec/template/spec/containers/0/resources/requests/cpu", null),
        ("security", "Deployment/depin-gateway", "spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem", null),
        ("security", "Job/depin-migrate", "spec/template/spec/securityContext/runAsNonRoot", null),
        ("security", "Deployment/depin-silo", "spec/template/spec/volumes/0/emptyDir/sizeLimit", null),
        ("references", "Deployment/depin-silo", "spec/template/spec/containers/0/envFrom/0/configMapRef/name", "settings"),
        ("references", "Deployment/depin-silo", "spec/template/spec/containers/0/volumeMounts/0/name", "temp"),
        ("references", "Job/depin-migrate", "spec/template/spec/containers/0/env/1/valueFrom/secretKeyRef/name", "database"),
        ("references", "HorizontalPodAutoscaler/depin-silo", "spec/scaleTargetRef/name", "silo"),
        ("images", "Deployment/depin-silo", "spec/template/spec/containers/0/image", "depin/silos:1.0"),
        ("images", "Deployment/depin-gateway", "spec/template/spec/containers/0/image", "depin/gateway"),
        ("variables", "ConfigMap/depin-settings", "data/Silos__Id", null),
        ("variables", "ConfigMap/depin-settings", "data/Network__BlockTime", "6 seconds"),
        ("variables", "Deployment/depin-gateway", "spec/template/spec/containers/0/env/1/name", "ASPNETCORE_URL"),
        ("variables", "Deployment/depin-gateway", "spec/template/spec/containers/0/env/7/name", "Serving__KeyPem"),
        ("references", "Deployment/depin-gateway", "spec/template/spec/containers/0/env/7/valueFrom/secretKeyRef/name", "gateway-key"),
        ("probes", "Deployment/depin-gateway", "spec/template/spec/containers/0/livenessProbe/httpGet/path", "/health/ready"),
        ("probes", "Deployment/depin-silo", "spec/template/spec/containers/0/startupProbe", null),
        ("grace", "Deployment/depin-silo", "spec/template/spec/terminationGracePeriodSeconds", "120"),
        ("grace", "ConfigMap/depin-settings", "data/Management__ShutdownTimeout", "00:03:00"),
        ("disruption", "PodDisruptionBudget/depin-silo", "spec/maxUnavailable", "0"),
        ("disruption", "PodDisruptionBudget/depin-gateway", "spec/maxUnavailable", "100%"),
        ("disruption", "PodDisruptionBudget/depin-gateway", "spec/selector/matchLabels/app.kubernetes.io~name", "depin-silo"),
        ("disruption", "HorizontalPodAutoscaler/depin-gateway", "spec/minReplicas", "1"),
        ("disruption", "Deployment/depin-silo", "spec/strategy/rollingUpdate/maxUnavailable", "25%"),
        ("disruption", "Deployment/depin-gateway", "spec/strategy/rollingUpdate/maxSurge", "0"),
        ("spread", "Deployment/depin-silo", "spec/template/spec/topologySpreadConstraints/0/topologyKey", "kubernetes.io/host"),
        ("spread", "Deployment/depin-gateway", "spec/template/spec/topologySpreadConstraints", null),
        ("spread", "Deployment/depin-gateway", "spec/template/spec/topologySpreadConstraints/1/labelSelector/matchLabels", null),
        ("scaling", "HorizontalPodAutoscaler/depin-silo", "spec/scaleTargetRef/name", "depin-silos"),
        ("scaling", "HorizontalPodAutoscaler/depin-silo", "spec/scaleTargetRef/name", "depin-gateway"),
        ("scaling", "HorizontalPodAutoscaler/depin-gateway", "spec/scaleTargetRef/apiVersion", "apps/v1beta1"),
        ("scaling", "HorizontalPodAutoscaler/depin-gateway", "spec/maxReplicas", "1"),
        ("scaling", "HorizontalPodAutoscaler/depin-silo", "spec/metrics/1/resource/target/averageUtilization", "220"),
        ("scaling", "Deployment/depin-gateway", "spec/template/spec/containers/0/resources/requests/cpu", null),
        ("secrets", "Ingress/depin", "spec/tls/0/secretName", "tls"),
        ("secrets", "Job/depin-migrate", "spec/template/spec/containers/0/env/1/valueFrom/secretKeyRef/key", "connections"),
        ("secrets", "Deployment/depin-gateway", "spec/template/spec/containers/0/env/7/valueFrom/secretKeyRef/name", "gateway-key"),
        ("proxies", "Deployment/depin-gateway", "spec/template/spec/containers/0/env/0/name", "Http__TrustedProxy"),
        ("proxies", "NetworkPolicy/depin-gateway", "spec/ingress/0/from", null),
        ("miners", "NetworkPolicy/depin-gateway", "spec/egress/2/to/0/ipBlock/cidr", "8.0.0.0/8"),
        ("miners", "NetworkPolicy/depin-gateway", "spec/egress/2/to/0/ipBlock/except/4", "169.253.0.0/16"),
        ("miners", "NetworkPolicy/depin-gateway", "spec/egress/2/to/1/ipBlock/except", null),
        ("miners", "NetworkPolicy/depin-gateway", "spec/podSelector/matchLabels/app.kubernetes.io~name", "depin-silo"),
    ];

    public static TheoryData<string, string> Everywhere => [.. Overlay.All.SelectMany(static o => Rules.Keys.Select(r => (o, r)))];

    public static TheoryData<int> Seeded => [.. Enumerable.Range(0, Mistakes.Length)];

    [Theory, MemberData(nameof(Everywhere))]
    public async Task Overlay_KeepsTheRule(string overlay, string rule)
    {
        Assert.SkipUnless(Images.ImageSet.IsOrleans || rule != "variables" || overlay == "single", "skipped: needs Microsoft.Orleans (on Local silos and gateways have no options)");
        var objects = await Overlay.ObjectsAsync(overlay);
        Assert.NotEmpty(Workload.Of(objects));
        var problems = string.Join('\n', Rules[rule](objects));
        Assert.True(problems.Length == 0, problems);
    }

    [Theory, MemberData(nameof(Seeded))]
    public async Task Rule_SeesItsMistake(int number)
    {
        var (rule, name, path, value) = Mistakes[number];
        var objects = await Overlay.ObjectsAsync("prod");
        var at = objects.Single(o => $"{Kinds.Of(o)}/{Kinds.Name(o)}" == name);
        if (path == "data/Silos__Id")
        {
            // A name nobody reads beside the right ones.
            at["data"]!["Silos__Identity"] = "x";
        }
        else
        {
            Change(at, path, value);
        }

        Assert.NotEmpty(Rules[rule](objects));
    }

    /// <summary>The image's own variables are read too, and nothing in it runs as root.</summary>
    [Fact]
    public void Dockerfile_SetsWhatItsProgramsRead_AndNobodyRunsAsRoot()
    {
        var targets = Dockerfile.Targets();
        Assert.Equal(["agent", "gateway", "silo", "standalone"], targets.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(targets.Keys.SelectMany(static t => Settings.Problems(t, Dockerfile.Environment(t), "")));
        Assert.All(targets.Keys, static t => Assert.True(Dockerfile.RunsAsUser(t), t));
        Assert.NotEmpty(Settings.Problems("standalone", new Dictionary<string, string> { ["Standalone__Facuet"] = "true" }, ""));
        Assert.NotEmpty(Settings.Problems("agent", new Dictionary<string, string> { ["DEPIN_AGENT__Native__Enable"] = "true" }, ""));
    }

    /// <summary>What README has people wait for, forward or replace is there, under that name.</summary>
    [Fact]
    public async Task Readme_NamesObjectsThatAreThere()
    {
        var objects = (await Task.WhenAll(Overlay.All.Select(Overlay.ObjectsAsync))).SelectMany(static o => o).Select(static o => $"{Kinds.Of(o)}/{Kinds.Name(o)}").ToHashSet(StringComparer.OrdinalIgnoreCase);
        var named = Regex.Matches(await File.ReadAllTextAsync(Repository.At("k8s", "README.md")), "(deployment|statefulset|service|job)/[a-z-]+").Select(static m => m.Value).ToHashSet();
        Assert.InRange(named.Count, 5, 20);
        Assert.All(named, name => Assert.Contains(name, objects));
    }

    /// <summary>Every dashboard comes to a Grafana in the cluster as a ConfigMap with the label its sidecar looks for.</summary>
    [Fact]
    public async Task Grafana_GetsEveryDashboard()
    {
        Repository.Need(Repository.Has("kubectl"), "kubectl");
        JsonObject[] maps = [.. YamlTree.Parse(await Overlay.RenderAsync("grafana"))];
        Assert.All(maps, static m => Assert.Equal("1", Workload.Map(m["metadata"]!["labels"]).GetValueOrDefault("grafana_dashboard")));
        var files = Directory.GetFiles(Repository.At("grafana", "dashboards"), "*.json").Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal(files, maps.SelectMany(static m => m["data"]!.AsObject().Select(static d => d.Key)).Order(StringComparer.Ordinal));
    }

    /// <summary>Scrapers find the management ports by the Services' labels and port name.</summary>
    [Fact]
    public async Task ServiceMonitor_SelectsServicesWithAManagementPort()
    {
        var services = Kinds.Of(await Overlay.ObjectsAsync("prod"), "Service").Concat(Kinds.Of(await Overlay.ObjectsAsync("single"), "Service")).Concat(Kinds.Of(await Overlay.ObjectsAsync("dev"), "Service")).ToArray();
        var monitor = Assert.Single(YamlTree.Parse(await Overlay.RenderAsync("k8s/monitoring")), static o => Kinds.Of(o) == "ServiceMonitor")["spec"]!;
        var names = monitor["selector"]!["matchExpressions"]![0]!["values"]!.AsArray().Select(static v => (string?)v).ToArray();
        var port = (string?)monitor["endpoints"]![0]!["port"];
        Assert.Equal(4, names.Length);
        Assert.All(names, n => Assert.Contains(services, s => Workload.Map(s["metadata"]!["labels"]).GetValueOrDefault("app.kubernetes.io/name") == n && s["spec"]!["ports"]!.AsArray().Any(p => (string?)p!["name"] == port)));
    }

    /// <summary>A slash ends a step, <c>~</c> stands for a slash inside one, a number is an index.</summary>
    private static void Change(JsonNode node, string path, string? value)
    {
        var steps = path.Split('/').Select(static s => s.Replace('~', '/')).ToArray();
        foreach (var step in steps[..^1])
        {
            node = (int.TryParse(step, System.Globalization.CultureInfo.InvariantCulture, out var index) ? node[index] : node[step]) ?? throw new InvalidOperationException($"{path}: no {step}");
        }

        var made = value is null ? null : long.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var number) && steps[^1] is "port" or "terminationGracePeriodSeconds" or "maxUnavailable" or "maxSurge" or "minReplicas" or "maxReplicas" or "averageUtilization" ? JsonValue.Create(number) : JsonValue.Create(value);
        if (node is JsonArray list)
        {
            list[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = made;
        }
        else if (made is null)
        {
            Assert.True(((JsonObject)node).Remove(steps[^1]), path);
        }
        else
        {
            Assert.True(((JsonObject)node).ContainsKey(steps[^1]), path);
            node[steps[^1]] = made;
        }
    }
}
