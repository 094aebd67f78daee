using System.Diagnostics;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Tests.Harness;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Failures;

/// <summary>
/// This test program started a second time as a writer that is meant to be killed: sixteen roots, each write with a child, an operation and an event, beside a journal.
/// Every acknowledged write is told on standard output before the next one begins.
/// </summary>
public static class WriterProcess
{
    private const string Variable = "DEPIN_STORE_WRITER";
    private const int Roots = 16;
    private static readonly byte[] Me = Guid.NewGuid().ToByteArray();

    /// <summary>Runs instead of the tests when the variable is set.</summary>
    public static async Task<bool> EnterAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } target)
        {
            return false;
        }

        var at = target.IndexOf('|', StringComparison.Ordinal);
        await WriteForEverAsync(new StoreOptions { Kind = target[..at], Connection = target[(at + 1)..] });
        return true;
    }

    /// <summary>Starts a writer, kills it with SIGKILL after so many acknowledgements; what it acknowledged: highest version per root, and the journal's head under "journal".</summary>
    public static async Task<Dictionary<string, long>> RunAndKillAsync(StoreOptions options, int acknowledgements)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(WriterProcess).Assembly.Location);
        }

        start.Environment[Variable] = $"{options.Kind}|{options.Connection}";
        using var process = Process.Start(start)!;
        var acknowledged = new Dictionary<string, long>();
        try
        {
            for (var i = 0; i < acknowledgements; i++)
            {
                var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) ?? throw new InvalidOperationException("the writer ended by itself");
                Note(acknowledged, line);
            }
        }
        finally
        {
            process.Kill();
        }

        // What it had told before it died counts as well; a line cut short does not.
        var rest = await process.StandardOutput.ReadToEndAsync();
        foreach (var line in rest.Split('\n')[..^1])
        {
            Note(acknowledged, line);
        }

        await process.WaitForExitAsync();
        return acknowledged;
    }

    /// <summary>Nothing acknowledged is lost, nothing is half done.</summary>
    public static async Task AuditAsync(StoreHarness store, Dictionary<string, long> acknowledged)
    {
        var events = new List<string>();
        var after = 0L;
        while (await store.Events.ReadAsync(after, null, 1_000) is { Events.Length: > 0 } page)
        {
            events.AddRange(page.Events.Select(e => e.Subject));
            after = page.Position;
        }

        Assert.Equal(events.Count, events.Distinct().Count());
        var written = 0L;
        for (var root = 0; root < Roots; root++)
        {
            var row = await store.Rows.ReadAsync(Id($"r{root}"));
            var version = row?.Version ?? 0;
            Assert.True(version >= acknowledged.GetValueOrDefault($"r{root}"), $"r{root}: acknowledged {acknowledged.GetValueOrDefault($"r{root}")}, found {version}");
            var children = await store.Rows.ReadChildrenAsync("bid", $"r{root}", null, 100_000);
            Assert.Equal(version, children.Length);
            Assert.Equal(version, events.Count(e => e.StartsWith($"r{root}/", StringComparison.Ordinal)));
            Assert.Equal(version > 0, await store.Rows.ReadOperationAsync(Id($"r{root}"), $"op{version}") is not null);
            written += version;
        }

        Assert.Equal(written, events.Count);
        var batches = await store.Journal.ReadAsync("uakt", 0).ToListAsync();
        Assert.Equal(Enumerable.Range(1, batches.Count).Select(i => (long)i), batches.Select(b => b.Sequence));
        Assert.True(batches.Count >= acknowledged.GetValueOrDefault("journal"));
    }

    private static void Note(Dictionary<string, long> acknowledged, string line)
    {
        var parts = line.Split(' ');
        if (parts.Length == 3 && parts[0] == "ack")
        {
            acknowledged[parts[1]] = Math.Max(acknowledged.GetValueOrDefault(parts[1]), long.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static async Task WriteForEverAsync(StoreOptions options)
    {
        await using var store = StoreRegistration.Open(options, All);
        await store.Migrator.MigrateAsync();
        await Task.WhenAll(Enumerable.Range(0, Roots).Select(root => WriteRootAsync(store, root)).Append(WriteJournalAsync(store)));
    }

    private static async Task WriteRootAsync(DepinStore store, int root)
    {
        var version = (await store.Rows.ReadAsync(Id($"r{root}")))?.Version ?? 0;
        while (true)
        {
            var next = version + 1;
            var outcome = await store.Rows.CommitAsync(Change(
                Root($"r{root}", version), [BidOf($"r{root}", $"{next:D8}")], [Operation($"op{next}")], [Event("t", $"r{root}/{next}")]));
            if (outcome.Status == CommitStatus.Committed)
            {
                version = next;
                Say($"ack r{root} {version}");
            }
        }
    }

    private static async Task WriteJournalAsync(DepinStore store)
    {
        var sequence = await store.Journal.HeadAsync("uakt");
        while (await store.Journal.AppendAsync("uakt", new JournalBatch(sequence + 1, DateTimeOffset.UnixEpoch, new byte[300]), Me) == AppendStatus.Appended)
        {
            Say($"ack journal {++sequence}");
        }
    }

    private static void Say(string line)
    {
        lock (Me)
        {
            Console.Out.Write(line + "\n");
            Console.Out.Flush();
        }
    }
}
