namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>An image made here, of busybox alone, that serves what lies in the sample's web root; nothing is fetched from a registry.</summary>
internal static class WalkImage
{
    public const string Name = "localhost/depin-walk-test:1";

    private const string Busybox = "/bin/busybox";

    private const string Dockerfile = """
        FROM scratch
        COPY busybox /bin/busybox
        COPY busybox /bin/sh
        ENV PATH=/bin
        CMD ["/bin/sh", "-c", "cd /usr/share/nginx/html && [ -s index.html ] || echo a page of the walk > index.html; echo ready; exec busybox httpd -f -v -p 80 -h /usr/share/nginx/html"]

        """;

    /// <summary>Makes it, or skips the test where podman or busybox are missing.</summary>
    public static async Task NeedAsync()
    {
        if (Environment.GetEnvironmentVariable("CONTAINERS_CONF") is null)
        {
            // What this machine's kernel needs (see the file); harmless elsewhere. Agents and podman inherit it.
            Environment.SetEnvironmentVariable("CONTAINERS_CONF", Path.Combine(Programs.Repository, "tests", "tools", "containers.conf"));
        }

        Assert.SkipUnless(File.Exists(Busybox) && await CanRunAsync(), "skipped: needs podman and busybox-static");
        var folder = Directory.CreateTempSubdirectory("depin-image-").FullName;
        File.Copy(Busybox, Path.Combine(folder, "busybox"));
        await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), Dockerfile);
        var (code, _, error) = await Programs.RunOtherAsync("podman", new Dictionary<string, string> { ["BUILDAH_ISOLATION"] = "chroot" }, "build", "--network", "host", "-t", Name, folder);
        Directory.Delete(folder, recursive: true);
        Assert.True(code == 0, error);
    }

    /// <summary>Ids of the containers of a lease, running or not.</summary>
    public static async Task<string[]> ContainersAsync(string workload) =>
        (await Programs.RunOtherAsync("podman", null, "ps", "-a", "-q", "--filter", "label=depin.workload=" + workload)).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<bool> CanRunAsync()
    {
        try
        {
            return (await Programs.RunOtherAsync("podman", null, "info")).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
