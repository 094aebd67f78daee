using System.Buffers.Binary;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Grains.Subnets;

/// <summary>Binary form of a subnet's arrays: a version byte, lengths, then numbers, all little endian. A newer version's row stops the reader rather than being misread.</summary>
public static class SubnetBinary
{
    private const byte Version = 1;

    /// <summary>Weights of a uid: last update, count, uids, values.</summary>
    public static byte[] Write(WeightsOf weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var bytes = new byte[1 + 8 + 2 + (4 * weights.Uids.Length)];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), weights.LastUpdate);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(9), (ushort)weights.Uids.Length);
        var at = Put(bytes, 11, weights.Uids);
        Put(bytes, at, weights.Values);
        return bytes;
    }

    /// <summary>Reads them.</summary>
    public static WeightsOf ReadWeights(ReadOnlySpan<byte> bytes)
    {
        Check(bytes);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[9..]);
        return new WeightsOf(BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]), Numbers(bytes, 11, count), Numbers(bytes, 11 + (2 * count), count));
    }

    /// <summary>Bonds: rows, entries, entries per row, columns, values.</summary>
    public static byte[] Write(SparseRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var bytes = new byte[1 + 8 + (2 * rows.Rows) + (4 * rows.Count)];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), rows.Rows);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(5), rows.Count);
        var (columns, values) = (9 + (2 * rows.Rows), 9 + (2 * rows.Rows) + (2 * rows.Count));
        for (var row = 0; row < rows.Rows; row++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(9 + (2 * row)), (ushort)rows.Columns(row).Length);
            columns = Put(bytes, columns, rows.Columns(row));
            values = Put(bytes, values, rows.Values(row));
        }

        return bytes;
    }

    /// <summary>Reads them.</summary>
    public static SparseRows ReadRows(ReadOnlySpan<byte> bytes)
    {
        Check(bytes);
        var (rows, count) = (BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[5..]));
        var starts = new int[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            starts[row + 1] = starts[row] + BinaryPrimitives.ReadUInt16LittleEndian(bytes[(9 + (2 * row))..]);
        }

        var at = 9 + (2 * rows);
        return SparseRows.Create(starts, Numbers(bytes, at, count), Numbers(bytes, at + (2 * count), count)).Require();
    }

    /// <summary>Numbers of an epoch: count, then its columns.</summary>
    public static byte[] Write(SubnetNumbers numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        ushort[][] shorts = [numbers.Rank, numbers.Trust, numbers.Consensus, numbers.Incentive, numbers.Dividends, numbers.ValidatorTrust, numbers.Pruning, numbers.Permit];
        long[][] longs = [numbers.Emission, numbers.Stake, numbers.BelowSince];
        var bytes = new byte[1 + 4 + (numbers.Count * ((2 * shorts.Length) + (8 * longs.Length)))];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), numbers.Count);
        var at = 5;
        foreach (var column in shorts)
        {
            at = Put(bytes, at, column);
        }

        foreach (var column in longs)
        {
            foreach (var value in column)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), value);
                at += 8;
            }
        }

        return bytes;
    }

    /// <summary>Reads them.</summary>
    public static SubnetNumbers ReadNumbers(ReadOnlySpan<byte> bytes)
    {
        Check(bytes);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        var (shorts, longs) = (new ushort[8][], new long[3][]);
        for (var i = 0; i < shorts.Length; i++)
        {
            shorts[i] = Numbers(bytes, 5 + (2 * count * i), count);
        }

        for (var i = 0; i < longs.Length; i++)
        {
            longs[i] = new long[count];
            for (var k = 0; k < count; k++)
            {
                longs[i][k] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(5 + (2 * count * shorts.Length) + (8 * ((i * count) + k)))..]);
            }
        }

        return new SubnetNumbers
        {
            Rank = shorts[0], Trust = shorts[1], Consensus = shorts[2], Incentive = shorts[3], Dividends = shorts[4], ValidatorTrust = shorts[5], Pruning = shorts[6], Permit = shorts[7],
            Emission = longs[0], Stake = longs[1], BelowSince = longs[2],
        };
    }

    private static void Check(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 5 || bytes[0] != Version)
        {
            throw new InvalidDataException($"a subnet's row of version {(bytes.IsEmpty ? 0 : bytes[0])}; this program reads {Version}");
        }
    }

    private static int Put(byte[] bytes, int at, ReadOnlySpan<ushort> values)
    {
        foreach (var value in values)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);
            at += 2;
        }

        return at;
    }

    private static ushort[] Numbers(ReadOnlySpan<byte> bytes, int at, int count)
    {
        var values = new ushort[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + (2 * i))..]);
        }

        return values;
    }
}
