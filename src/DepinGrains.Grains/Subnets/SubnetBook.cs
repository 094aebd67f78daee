using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Registration;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>A subnet's child rows in memory, as last committed. A uid whose neuron is null was swept and waits for the next newcomer.</summary>
internal sealed class SubnetBook
{
    private const int Page = 500;
    private readonly List<NeuronState?> _neurons = [];
    private readonly List<WeightsOf?> _weights = [];
    private readonly Dictionary<string, int> _uids = new(StringComparer.Ordinal);

    public SubnetNumbers Numbers { get; set; } = SubnetNumbers.Empty;

    public SparseRows Bonds { get; set; } = SparseRows.Empty(0);

    /// <summary>Uids, vacant ones included.</summary>
    public int Count => _neurons.Count;

    /// <summary>Registered neurons.</summary>
    public int Registered => _uids.Count;

    public IReadOnlyList<NeuronState?> Neurons => _neurons;

    /// <summary>Reads all of it; <paramref name="count"/> uids by the root row.</summary>
    public static async Task<SubnetBook> LoadAsync(IRowStore store, string key, int count, CancellationToken cancel)
    {
        var book = new SubnetBook();
        for (var uid = 0; uid < count; uid++)
        {
            book._neurons.Add(null);
            book._weights.Add(null);
        }

        await foreach (var row in ChildrenAsync(store, NeuronState.Kind.Table.Kind, key, cancel))
        {
            book.Put(RowKind<NeuronState>.Read(row));
        }

        await foreach (var row in ChildrenAsync(store, SubnetRows.Weights.Kind, key, cancel))
        {
            book._weights[int.Parse(row.Id.Key, System.Globalization.CultureInfo.InvariantCulture)] = SubnetBinary.ReadWeights(row.Document.Span);
        }

        var numbers = await store.ReadAsync(new RowId(SubnetRows.Numbers.Kind, key, SubnetRows.Only), cancel);
        var bonds = await store.ReadAsync(new RowId(SubnetRows.Bonds.Kind, key, SubnetRows.Only), cancel);
        book.Numbers = numbers is null ? SubnetNumbers.Empty : SubnetBinary.ReadNumbers(numbers.Document.Span);
        book.Bonds = bonds is null ? SparseRows.Empty(0) : SubnetBinary.ReadRows(bonds.Document.Span);
        return book;
    }

    public int? UidOf(string hotkey) => _uids.TryGetValue(hotkey, out var uid) ? uid : null;

    public NeuronState? Neuron(int uid) => uid >= 0 && uid < _neurons.Count ? _neurons[uid] : null;

    public WeightsOf? Weights(int uid) => _weights[uid];

    /// <summary>Block of a uid's last weights; its registration's until then.</summary>
    public long LastUpdate(int uid) => _weights[uid]?.LastUpdate ?? _neurons[uid]?.RegisteredAt ?? 0;

    /// <summary>The lowest vacant uid, or null.</summary>
    public int? Vacant()
    {
        var uid = _neurons.Count == _uids.Count ? -1 : _neurons.IndexOf(null);
        return uid < 0 ? null : uid;
    }

    public void Put(NeuronState neuron)
    {
        while (_neurons.Count <= neuron.Uid)
        {
            _neurons.Add(null);
            _weights.Add(null);
        }

        if (_neurons[neuron.Uid] is { } before)
        {
            _uids.Remove(before.Hotkey);
        }

        _neurons[neuron.Uid] = neuron;
        _uids[neuron.Hotkey] = neuron.Uid;
    }

    public void Remove(int uid)
    {
        if (_neurons[uid] is { } before)
        {
            _uids.Remove(before.Hotkey);
        }

        (_neurons[uid], _weights[uid]) = (null, null);
    }

    public void Put(int uid, WeightsOf? weights) => _weights[uid] = weights;

    /// <summary>Candidates of pruning, by uid; only for full subnets, where none is vacant.</summary>
    public PruningCandidate[] Prunable(PruningRule rule, string owner) => [.. _neurons.Select((n, uid) => new PruningCandidate(
        uid >= Numbers.Count ? 0 : rule == PruningRule.Since2025 ? (ulong)Numbers.Emission[uid] : Numbers.Pruning[uid], (ulong)(n?.RegisteredAt ?? long.MaxValue), n is null || (rule == PruningRule.Since2025 && n.Coldkey == owner)))];

    /// <summary>Weights as consensus takes them.</summary>
    public SparseRows WeightRows()
    {
        var (starts, total) = (new int[Count + 1], 0);
        for (var uid = 0; uid < Count; uid++)
        {
            starts[uid + 1] = total += _weights[uid]?.Uids.Length ?? 0;
        }

        var (columns, values) = (new ushort[total], new ushort[total]);
        for (var uid = 0; uid < Count; uid++)
        {
            _weights[uid]?.Uids.CopyTo(columns, starts[uid]);
            _weights[uid]?.Values.CopyTo(values, starts[uid]);
        }

        return SparseRows.Create(starts, columns, values).Require();
    }

    /// <summary>Bonds for as many uids as there are now.</summary>
    public SparseRows BondRows() => Resized(Bonds, Count);

    internal static SparseRows Resized(SparseRows rows, int count)
    {
        if (rows.Rows == count)
        {
            return rows;
        }

        var (starts, columns, values) = (new int[count + 1], new List<ushort>(), new List<ushort>());
        for (var uid = 0; uid < count; uid++)
        {
            if (uid < rows.Rows)
            {
                columns.AddRange(rows.Columns(uid));
                values.AddRange(rows.Values(uid));
            }

            starts[uid + 1] = columns.Count;
        }

        return SparseRows.Create(starts, [.. columns], [.. values]).Require();
    }

    private static async IAsyncEnumerable<StoredRow> ChildrenAsync(IRowStore store, string kind, string parent, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        string? after = null;
        while (true)
        {
            var rows = await store.ReadChildrenAsync(kind, parent, after, Page, cancel);
            foreach (var row in rows)
            {
                yield return row;
            }

            if (rows.Length < Page)
            {
                yield break;
            }

            after = rows[^1].Id.Key;
        }
    }
}
