namespace DepinGrains.Storage.Journal;

/// <summary>Reads a journal page by page, the next one while the reader works through this one: recovery decodes on one core while the store reads on another.</summary>
internal static class JournalPages
{
    /// <param name="read">Reads the page behind a sequence.</param>
    /// <param name="after">Where to begin.</param>
    /// <param name="rows">Batches of a full page; fewer end the journal.</param>
    public static async IAsyncEnumerable<JournalBatch> ReadAsync(Func<long, Task<List<JournalBatch>>> read, long after, int rows)
    {
        Task<List<JournalBatch>>? next = read(after);
        try
        {
            while (next is not null)
            {
                var page = await next.ConfigureAwait(false);
                next = page.Count < rows ? null : read(page[^1].Sequence);
                foreach (var batch in page)
                {
                    yield return batch;
                }
            }
        }
        finally
        {
            if (next is not null)
            {
                // The reader left early: whatever the page ahead met is nobody's concern.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
