using System.Globalization;
using System.Text;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>The small set of SDLs tenants deploy.</summary>
internal static class Sdls
{
    /// <summary>How many there are.</summary>
    public const int Count = 9;

    /// <summary>Auditor whose signature variant 4 wants.</summary>
    public const string Auditor = "id_auditor";

    /// <summary>The variant whose leases their providers may take back.</summary>
    public const int Reclaimable = 5;

    /// <summary>What can be asked of a sixth variant: a notice before the provider takes its hardware back.</summary>
    public const int ReclaimSeconds = 3_600;

    /// <summary>The host name two of the variants want: only one lease at a time is served under it.</summary>
    private const string Site = "site.sim.example";

    /// <summary>The variant that wants it and little else.</summary>
    public const int WithSite = 7;

    private sealed record Service(string Name, string Cpu, int Replicas, string Placement, bool Card = false, string Accept = "", string Ip = "");

    /// <summary>An SDL of one of <see cref="Count"/> variants; <paramref name="price"/> is the ceiling of each replica, uact a block.</summary>
    public static string Of(int variant, long price, int image) => variant switch
    {
        1 => Text(price, image, "", "", new("web", "1", 1, "here", Accept: Site), new("api", "0.5", 2, "here")),
        2 => Text(price, image, "", "", new("web", "1", 1, "here"), new("job", "2", 1, "there")),
        3 => Text(price, image, "", "", new Service("web", "1", 1, "here", Card: true)),
        4 => Text(price, image, "", $"      signedBy:\n        anyOf:\n          - {Auditor}\n", new Service("web", "1", 1, "here")),
        Reclaimable => Text(price, image, "reclamation:\n  min_window: 1h\n", "", new Service("web", "1", 1, "here")),
        6 => Text(1, image, "", "", new Service("web", "3", 1, "here")),
        WithSite => Text(price, image, "", "", new Service("web", "1", 1, "here", Accept: Site)),
        8 => Text(price, image, "endpoints:\n  front:\n    kind: ip\n", "", new Service("web", "1", 1, "here", Ip: "front")),
        _ => Text(price, image, "", "", new Service("web", "1", 1, "here")),
    };

    private static string Text(long price, int image, string head, string signed, params Service[] services)
    {
        var text = new StringBuilder(services.Any(static s => s.Ip.Length > 0) ? "version: \"2.1\"\n" : "version: \"2.0\"\n").Append(head).Append("services:\n");
        foreach (var s in services)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {s.Name}:\n    image: nginx:1.{image}\n    env:\n      - MODE=sim\n    expose:\n      - port: 80\n        to:\n          - global: true\n");
            text.Append(s.Ip.Length > 0 ? $"            ip: {s.Ip}\n" : "").Append(s.Accept.Length > 0 ? $"        accept:\n          - {s.Accept}\n" : "");
        }

        text.Append("profiles:\n  compute:\n");
        foreach (var s in services)
        {
            text.Append(CultureInfo.InvariantCulture, $"    {s.Name}:\n      resources:\n        cpu:\n          units: {s.Cpu}\n        memory:\n          size: 512Mi\n        storage:\n          size: 1Gi\n");
            if (s.Card)
            {
                text.Append("        gpu:\n          units: 1\n          attributes:\n            vendor:\n              nvidia:\n                - model: a100\n");
            }
        }

        text.Append("  placement:\n");
        foreach (var placement in services.GroupBy(static s => s.Placement))
        {
            text.Append(CultureInfo.InvariantCulture, $"    {placement.Key}:\n      attributes:\n        region: sim\n{signed}      pricing:\n");
            foreach (var s in placement)
            {
                text.Append(CultureInfo.InvariantCulture, $"        {s.Name}:\n          denom: uact\n          amount: {price}\n");
            }
        }

        text.Append("deployment:\n");
        foreach (var s in services)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {s.Name}:\n    {s.Placement}:\n      profile: {s.Name}\n      count: {s.Replicas}\n");
        }

        return text.ToString();
    }
}
