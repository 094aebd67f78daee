using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>A test with a standalone of its own in a folder of its own.</summary>
public abstract class StandaloneWalk : IAsyncLifetime
{
    private protected StandaloneProcess Standalone { get; private set; } = null!;

    /// <summary>Deleted in the end.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("depin-walk-").FullName;

    public virtual async ValueTask InitializeAsync()
    {
        Standalone = new StandaloneProcess(Path.Combine(Folder, "standalone"), await SettingsAsync());
        await Standalone.StartAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Standalone.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Settings of the process beside the usual ones.</summary>
    protected virtual Task<string[]> SettingsAsync() => Task.FromResult<string[]>([]);

    /// <summary>One who uses <c>depin</c> with a key of that name.</summary>
    private protected Depin Person(string name) => new(Standalone.Url, KeyFile(name));

    protected string KeyFile(string name) => Path.Combine(Folder, name + ".pem");
}
