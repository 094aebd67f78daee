using System.Diagnostics;
using System.Text;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>The same hosts as another build: copies whose assemblies carry another informational version (the same text with its first character changed).</summary>
internal sealed class NewBuild : IDisposable
{
    private const char Major = '9';
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-build-").FullName;

    /// <summary>The copy's program.</summary>
    public string Dll(string project)
    {
        var original = HostProcess.Dll(project);
        var folder = Path.Combine(_folder, project);
        var copy = Path.Combine(folder, Path.GetFileName(original));
        if (!File.Exists(copy))
        {
            Copy(Path.GetDirectoryName(original)!, folder);
        }

        return copy;
    }

    /// <summary>What a program says its version is.</summary>
    public static string VersionOf(string dll) => FileVersionInfo.GetVersionInfo(dll).ProductVersion ?? throw new InvalidOperationException($"{dll} has no version");

    /// <summary>What the copy says instead.</summary>
    public static string Another(string version) => Major + version[1..];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(file).StartsWith("DepinGrains.", StringComparison.Ordinal) && Path.GetExtension(file) == ".dll")
            {
                File.WriteAllBytes(target, WithAnother(File.ReadAllBytes(file), VersionOf(file)));
            }
            else
            {
                File.Copy(file, target);
            }
        }
    }

    private static byte[] WithAnother(byte[] assembly, string version)
    {
        // As the attribute holds it: its length, then UTF-8.
        byte[] words = [(byte)Encoding.UTF8.GetByteCount(version), .. Encoding.UTF8.GetBytes(version)];
        var at = assembly.AsSpan().IndexOf(words);
        Assert.True(at >= 0, $"version {version} is not in the assembly");
        assembly[at + 1] = (byte)Major;
        return assembly;
    }
}
