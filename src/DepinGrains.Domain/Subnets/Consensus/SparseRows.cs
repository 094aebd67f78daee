using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>A square matrix of u16 by rows, only what is set: weights (row max-upscaled) or bonds (column max-upscaled) of a subnet, as two flat arrays.</summary>
public sealed class SparseRows
{
    private readonly int[] _starts;
    private readonly ushort[] _columns;
    private readonly ushort[] _values;

    private SparseRows(int[] starts, ushort[] columns, ushort[] values) => (_starts, _columns, _values) = (starts, columns, values);

    /// <summary>How many rows (uids).</summary>
    public int Rows => _starts.Length - 1;

    /// <summary>How many entries.</summary>
    public int Count => _starts[^1];

    /// <summary>An empty matrix of <paramref name="rows"/> uids.</summary>
    public static SparseRows Empty(int rows) => new(new int[rows + 1], [], []);

    /// <summary>Columns of a row, ascending.</summary>
    public ReadOnlySpan<ushort> Columns(int row) => _columns.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    /// <summary>Values of a row, beside <see cref="Columns"/>.</summary>
    public ReadOnlySpan<ushort> Values(int row) => _values.AsSpan(_starts[row], _starts[row + 1] - _starts[row]);

    /// <summary>
    /// Takes over flat arrays: row i is <paramref name="columns"/>[starts[i]..starts[i+1]], columns ascending within a row and below the number of rows.
    /// Refuses <c>epoch.matrix_invalid</c>.
    /// </summary>
    public static Result<SparseRows> Create(int[] starts, ushort[] columns, ushort[] values)
    {
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(values);
        if (starts.Length == 0 || starts[0] != 0 || starts[^1] > columns.Length || starts[^1] > values.Length)
        {
            return Invalid("the row starts do not fit the entries", starts.Length - 1);
        }

        for (var row = 0; row + 1 < starts.Length; row++)
        {
            if (starts[row + 1] < starts[row] || starts[row + 1] > starts[^1])
            {
                return Invalid("row starts must not fall", row);
            }

            var last = -1;
            foreach (var column in columns.AsSpan(starts[row], starts[row + 1] - starts[row]))
            {
                if (column <= last || column >= starts.Length - 1)
                {
                    return Invalid($"column {column} is out of order or beyond the last uid", row);
                }

                last = column;
            }
        }

        return new SparseRows(starts, columns, values);
    }

    /// <summary>From rows of (column, value); rows that are null or absent are empty. Refuses what <see cref="Create"/> refuses.</summary>
    public static Result<SparseRows> FromRows(int count, IReadOnlyDictionary<int, IReadOnlyDictionary<int, ushort>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var starts = new int[count + 1];
        List<ushort> columns = [];
        List<ushort> values = [];
        foreach (var row in rows.Keys)
        {
            if (row < 0 || row >= count)
            {
                return Invalid($"row {row} is beyond the last uid", row);
            }
        }

        for (var row = 0; row < count; row++)
        {
            IEnumerable<KeyValuePair<int, ushort>> entries = rows.TryGetValue(row, out var found) ? found : [];
            foreach (var (column, value) in entries.OrderBy(static e => e.Key))
            {
                if (column < 0 || column >= count)
                {
                    return Invalid($"column {column} is beyond the last uid", row);
                }

                columns.Add((ushort)column);
                values.Add(value);
            }

            starts[row + 1] = columns.Count;
        }

        return Create(starts, [.. columns], [.. values]);
    }

    internal static SparseRows Trusted(int[] starts, ushort[] columns, ushort[] values) => new(starts, columns, values);

    private static Refusal Invalid(string why, int row) => Refusal.Of("epoch.matrix_invalid", $"row {row}: {why}", ("row", row));
}
