namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>What happens to weights and bonds when a uid changes hands.</summary>
public static class BondRules
{
    /// <summary>Without anything toward <paramref name="uid"/>: a new miner does not inherit what was thought of the old one.</summary>
    public static SparseRows WithoutColumn(SparseRows matrix, int uid) => Without(matrix, row: -1, column: uid);

    /// <summary>Without anything from or toward <paramref name="uid"/>. (The chain of 2024 left the old row; later versions clear it.)</summary>
    public static SparseRows WithoutUid(SparseRows matrix, int uid) => Without(matrix, uid, uid);

    private static SparseRows Without(SparseRows matrix, int row, int column)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var starts = new int[matrix.Rows + 1];
        var (columns, values, at) = (new ushort[matrix.Count], new ushort[matrix.Count], 0);
        for (var uid = 0; uid < matrix.Rows; uid++)
        {
            for (var k = 0; k < matrix.Columns(uid).Length && uid != row; k++)
            {
                if (matrix.Columns(uid)[k] != column)
                {
                    columns[at] = matrix.Columns(uid)[k];
                    values[at++] = matrix.Values(uid)[k];
                }
            }

            starts[uid + 1] = at;
        }

        return SparseRows.Trusted(starts, columns, values);
    }
}
