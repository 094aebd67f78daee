using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>A subnet's rows fit into the store, however large the subnet may be.</summary>
public sealed class SubnetBinaryTests
{
    [Fact]
    public void Bonds_of_the_largest_subnet_fit_into_a_row_and_are_read_as_they_were()
    {
        var (uids, validators) = (EpochInputs.UidsMax, HyperparameterCatalog.ValidatorsMax);
        ushort[] columns = [.. Enumerable.Range(0, uids).Select(static uid => (ushort)uid)];
        int[] starts = [.. Enumerable.Range(0, uids + 1).Select(row => Math.Min(row, validators) * uids)];
        var all = new ushort[validators * uids];
        for (var row = 0; row < validators; row++)
        {
            columns.CopyTo(all, row * uids);
        }

        var written = SubnetBinary.Write(SparseRows.Create(starts, all, Array.ConvertAll(all, static uid => (ushort)(uid + 1))).Require());
        Assert.InRange(written.Length, 4 * validators * uids, new StoreOptions().DocumentBytesMax);
        var read = SubnetBinary.ReadRows(written);
        Assert.Equal((uids, validators * uids), (read.Rows, read.Count));
        Assert.Equal((ushort)uids, read.Values(validators - 1)[^1]);
        Assert.True(read.Columns(validators).IsEmpty);
    }
}
