using DepinGrains.Agent.Hardware;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Tests;

/// <summary>A node's storage is what it has room for, not what happens to be free when it connects.</summary>
public sealed class StorageOfferTests : IDisposable
{
    private const long GiB = 1L << 30;
    private readonly string _root = Directory.CreateTempSubdirectory("depin-storage-").FullName;
    private DiskSpace _disk = new(100 * GiB, 200 * GiB);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_tenants_write_and_images_take_is_still_offered_after_a_reconnect_and_a_restart()
    {
        var book = Book();
        Assert.Equal(90 * GiB, await OfferAsync(book));

        // 45 GiB written by a tenant, or pulled as images; the connection breaks and comes back.
        _disk = _disk with { FreeBytes = 55 * GiB };
        Assert.Equal(90 * GiB, await OfferAsync(book));
        Assert.Equal(90 * GiB, await OfferAsync(Book()));
    }

    [Fact]
    public async Task More_free_space_is_offered_and_a_disk_of_another_size_is_measured_again_with_what_volumes_hold()
    {
        var book = Book();
        await OfferAsync(book);
        _disk = _disk with { FreeBytes = 120 * GiB };
        Assert.Equal(110 * GiB, await OfferAsync(book));

        Directory.CreateDirectory(Path.Combine(_root, "volumes", "lease"));
        await File.WriteAllBytesAsync(Path.Combine(_root, "volumes", "lease", "data"), new byte[4_096]);
        _disk = new DiskSpace(30 * GiB, 60 * GiB);
        Assert.Equal((20 * GiB) + 4_096, await OfferAsync(book));
    }

    [Fact]
    public async Task File_system_that_cannot_be_read_for_a_moment_takes_nothing_away_and_a_damaged_memory_is_made_again()
    {
        await OfferAsync(Book());
        _disk = default;
        Assert.Equal(90 * GiB, await OfferAsync(Book()));
        await File.WriteAllTextAsync(Path.Combine(_root, "storage.json"), "{");
        _disk = new DiskSpace(50 * GiB, 200 * GiB);
        Assert.Equal(40 * GiB, await OfferAsync(Book()));
        Assert.Equal(40 * GiB, await OfferAsync(Book()));
    }

    private StorageBook Book() => new(Path.Combine(_root, "storage.json"), remember: true, _ => _disk);

    private async Task<long> OfferAsync(StorageBook book)
    {
        var options = new AgentOptions { WorkDirectory = _root };
        options.Resources.ReservedStorageBytes = 10 * GiB;
        options.Resources.DetectGpus = false;
        var hardware = await new HardwareDetector(options, book, TimeProvider.System).DetectAsync([], CancellationToken.None);
        return Assert.Single(hardware.Storage, static s => s.Class == "ephemeral").Bytes;
    }
}
