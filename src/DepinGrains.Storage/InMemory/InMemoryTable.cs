using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.InMemory;

/// <summary>Rows of one kind, in the order of (parent, key).</summary>
internal sealed class InMemoryTable
{
    private readonly SortedDictionary<string, SortedDictionary<string, StoredRow>> _parents = new(Utf8Order.Instance);

    public IEnumerable<StoredRow> All => _parents.Values.SelectMany(rows => rows.Values);

    public IEnumerable<StoredRow> Children(string parent) => _parents.TryGetValue(parent, out var rows) ? rows.Values : [];

    public StoredRow? Find(RowId id) => _parents.TryGetValue(id.Parent, out var rows) ? rows.GetValueOrDefault(id.Key) : null;

    public void Put(StoredRow row)
    {
        if (!_parents.TryGetValue(row.Id.Parent, out var rows))
        {
            _parents.Add(row.Id.Parent, rows = new SortedDictionary<string, StoredRow>(Utf8Order.Instance));
        }

        rows[row.Id.Key] = row;
    }

    public void Remove(RowId id)
    {
        if (_parents.TryGetValue(id.Parent, out var rows) && rows.Remove(id.Key) && rows.Count == 0)
        {
            _parents.Remove(id.Parent);
        }
    }
}
