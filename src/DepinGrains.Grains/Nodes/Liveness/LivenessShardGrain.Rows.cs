using System.Collections.Immutable;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <content>What the shard reads: its live nodes at activation, changed rows afterwards. Hints make it fast, rows make it right.</content>
public sealed partial class LivenessShardGrain
{
    private const int RowPage = 500;

    private readonly List<int> _doubted = [];
    private long _refreshedToMs;

    private async Task LoadAsync(CancellationToken cancel)
    {
        _refreshedToMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var bucket = Index; bucket < NodeRows.Buckets; bucket += _options.Shards)
        {
            await ReadAsync([new("bucket", Comparison.Equal, (long)bucket), new("live", Comparison.Equal, true)], cancel);
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            // Rows carry the writer's clock and appear when they are committed: each look goes back far enough to catch those that came late.
            var from = _refreshedToMs - (2 * (long)_options.RefreshPeriod.TotalMilliseconds);
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var bucket = Index; bucket < NodeRows.Buckets; bucket += _options.Shards)
            {
                await ReadAsync([new("bucket", Comparison.Equal, (long)bucket), new("updated_ms", Comparison.GreaterOrEqual, from)], CancellationToken.None);
            }

            _refreshedToMs = now;
            await VerifyAsync();
        }
        catch (Exception problem)
        {
            LogRefreshFailed(Index, problem);
        }
    }

    private async Task ReadAsync(ImmutableArray<Filter> filters, CancellationToken cancel)
    {
        string? cursor = null;
        do
        {
            var page = await store.ListAsync(new ListQuery(NodeRows.Node.Table.Kind, filters, OrderBy: null, Descending: false, RowPage, cursor), cancel);
            foreach (var row in page.Rows)
            {
                Apply(row);
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Looks at the rows of nodes known from a beat alone.</summary>
    private async Task VerifyAsync()
    {
        while (_doubted.Count > 0)
        {
            var at = _doubted[^1];
            var row = await store.ReadAsync(RowId.Root(NodeRows.Node.Table.Kind, _table[at].Node));
            _doubted.Remove(at);
            _table[at].Unverified = false;
            if (row is null)
            {
                _table.Bury(at);
            }
            else
            {
                Apply(row);
            }
        }
    }

    private void Doubt(int at)
    {
        if (!_table[at].Unverified)
        {
            _table[at].Unverified = true;
            _doubted.Add(at);
        }
    }

    private void Apply(StoredRow row)
    {
        var session = (long)row.Columns[NodeRows.SessionColumn]!;
        var generation = (long)row.Columns[NodeRows.GenerationColumn]!;
        var live = (bool)row.Columns[NodeRows.LiveColumn]!;
        var at = _table.Find(row.Id.Key);
        if (at < 0)
        {
            if (live)
            {
                at = _table.Add(row.Id.Key, session, generation, Interval(), _now);
                _table[at].ToldSuspect = (string?)row.Columns[NodeRows.StatusColumn] == "suspect";
                if (_table[at].ToldSuspect)
                {
                    // It was suspect when the shard before this one last spoke of it; now it has its grace like all.
                    Tell(at);
                }
            }

            return;
        }

        _table[at].Generation = Math.Max(_table[at].Generation, generation);
        if (live && session > _table[at].Session)
        {
            Revive(at, session, generation);
        }
        else if (!live && session >= _table[at].Session)
        {
            _table[at].Session = session;
            _table.Bury(at);
        }
    }
}
