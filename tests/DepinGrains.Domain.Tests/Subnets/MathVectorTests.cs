using System.Text.Json;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>
/// The 163 vectors of the reference's 43 math functions. Sparse matrices are filled up and compared dense (absent is 0), so that one plain form serves both.
/// <c>model_raw</c> must be met exactly, <c>expected_raw</c> within upstream's tolerance.
/// </summary>
public sealed class MathVectorTests
{
    private static int s_predicates;

    [Fact]
    public void EveryMathVector_HoldsExactly()
    {
        var vectors = SubnetVectors.Read("math_vectors.json").GetProperty("vectors").EnumerateArray().ToArray();
        Assert.Equal(163, vectors.Length);
        s_predicates = 0;
        foreach (var vector in vectors)
        {
            var (function, tolerance) = (vector.GetProperty("function").GetString()!, vector.GetProperty("tolerance_raw").GetInt64());
            var args = vector.GetProperty("args_raw").EnumerateArray().ToArray();
            var sparse = function.EndsWith("_sparse", StringComparison.Ordinal) || function == "vec_mask_sparse_matrix";
            var width = sparse ? SparseWidth(args) : 0;
            var ours = Call(function, args, width);
            var (model, expected) = (Flat(vector.GetProperty("model_raw"), sparse, width), Flat(vector.GetProperty("expected_raw"), sparse, width));
            Assert.True(ours.SequenceEqual(model), $"{function}({string.Join(' ', args.Select(static a => a.GetRawText()))}): model [{string.Join(',', model)}] ours [{string.Join(',', ours)}]");
            Assert.True(ours.Zip(expected).All(p => Math.Abs(p.First - p.Second) <= tolerance), $"{function}: beyond upstream's tolerance");
        }
    }

    [Fact]
    public void Saturation_NeverWraps()
    {
        Assert.Equal(long.MaxValue, I32F32.Mul(long.MaxValue, long.MaxValue));
        Assert.Equal(long.MinValue, I32F32.Mul(long.MinValue, long.MaxValue));
        Assert.Equal(long.MaxValue, I32F32.Add(long.MaxValue, 1));
        Assert.Equal(long.MaxValue, I32F32.Div(long.MaxValue, 1));
        Assert.Equal(-1, I32F32.Mul(-1, 1));
        Assert.Equal(0, I32F32.Div(-1, I32F32.From(2)));
        Assert.Equal(long.MaxValue, I32F32.From(1L << 40));
    }

    private static long[] Call(string function, JsonElement[] args, int width)
    {
        var sparse = function.EndsWith("_sparse", StringComparison.Ordinal);
        var name = sparse ? function[..^7] : function;
        long[] Vector(int i) => Longs(args[i]);
        long[][] Matrix(int i) => sparse || function == "vec_mask_sparse_matrix" ? Fill(args[i], width) : [.. args[i].EnumerateArray().Select(Longs)];
        return name switch
        {
            "vec_max_upscale_to_u16" => [.. FixedVector.MaxUpscale(Vector(0))],
            "vec_u16_max_upscale_to_u16" => [.. FixedVector.MaxUpscale(SubnetVectors.U16s(args[0]))],
            "check_vec_max_limited" => [FixedVector.IsMaxLimited(SubnetVectors.U16s(args[0]), args[1].GetUInt16()) ? 1 : 0],
            "is_topk" => [.. FixedVector.TopK(Vector(0), args[1].GetInt32()).Select(static b => b ? 1L : 0)],
            "sum" => [FixedVector.Sum(Vector(0))],
            "normalize" or "inplace_normalize" => FixedMatrix.Normalized(Vector(0)),
            "vecdiv" => FixedVector.Divide(Vector(0), Vector(1)),
            "inplace_row_normalize" => Flat(FixedMatrix.NormalizeRows(Matrix(0))),
            "inplace_col_normalize" => Flat(FixedMatrix.NormalizeColumns(Matrix(0))),
            "inplace_col_max_upscale" => Flat(FixedMatrix.UpscaleColumns(Matrix(0))),
            "inplace_mask_vector" => [.. Vector(1).Zip(SubnetVectors.Bools(args[0]), static (v, masked) => masked ? 0 : v)],
            "inplace_mask_matrix" => Flat(FixedMatrix.Map(Matrix(1), (i, j, v) => args[0][i][j].GetBoolean() ? 0 : v)),
            "inplace_mask_rows" or "mask_rows" => Flat(FixedMatrix.Map(Matrix(1), (i, _, v) => args[0][i].GetBoolean() ? 0 : v)),
            "inplace_mask_diag" or "mask_diag" => Flat(FixedMatrix.Map(Matrix(0), static (i, j, v) => i == j ? 0 : v)),
            "vec_mask_sparse_matrix" => MaskBy(Matrix(0), Vector(1), Vector(2)),
            "row_hadamard" => Flat(FixedMatrix.ScaleRows(Matrix(0), Vector(1))),
            "hadamard" => Hadamard(Matrix(0), Matrix(1)),
            "row_sum" => FixedMatrix.RowSums(Matrix(0)),
            "col_sum" => FixedMatrix.ColumnSums(Matrix(0), sparse ? args[1].GetInt32() : FixedMatrix.Width(Matrix(0))),
            "matmul" => FixedMatrix.Project(Matrix(0), Vector(1), sparse ? args[2].GetInt32() : FixedMatrix.Width(Matrix(0))),
            "matmul_transpose" => FixedMatrix.Apply(Matrix(0), Vector(1)),
            "inplace_col_clip" or "col_clip" => Flat(FixedMatrix.ClipColumns(Matrix(0), Vector(1))),
            "clip" or "inplace_clip" => Flat(Threshold(args, sparse, Matrix(0))),
            "weighted_median" => [WeightedMedian.Select(Vector(1), Vector(0), args[3].GetInt64(), args[4].GetInt64())],
            "weighted_median_col" => FixedMatrix.Medians(Vector(0), Matrix(1), sparse ? args[2].GetInt32() : FixedMatrix.Width(Matrix(1)), args[^1].GetInt64()),
            "mat_ema" => Flat(FixedMatrix.Average(Matrix(0), Matrix(1), args[2].GetInt64())),
            _ => throw new Xunit.Sdk.XunitException($"no such function: {function}"),
        };
    }

    /// <summary>The file names the predicate only "predicate"; upstream's three calls are a == b, a &lt; b, and one on an empty matrix.</summary>
    private static long[] MaskBy(long[][] matrix, long[] first, long[] second)
    {
        var equal = s_predicates++ == 0;
        return Flat(FixedMatrix.Map(matrix, (i, j, v) => (equal ? first[i] == second[j] : first[i] < second[j]) ? 0 : v));
    }

    private static long[] Hadamard(long[][] a, long[][] b) => Flat(FixedMatrix.Map(a, (i, j, v) => I32F32.Mul(v, b[i][j])));

    /// <summary>At or above the threshold one value, below it the other; sparse forms leave absent cells absent.</summary>
    private static long[][] Threshold(JsonElement[] args, bool sparse, long[][] matrix) => FixedMatrix.Map(
        matrix, (_, _, v) => sparse && v == 0 ? 0 : v >= args[1].GetInt64() ? args[2].GetInt64() : args[3].GetInt64());

    private static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(static v => v.GetInt64())];

    private static long[] Flat(long[][] matrix) => [.. matrix.SelectMany(static row => row)];

    private static long[] Flat(JsonElement value, bool sparse, int width) => value.ValueKind switch
    {
        JsonValueKind.Array when sparse && value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Array => Flat(Fill(value, width)),
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(v => Flat(v, sparse, width))],
        JsonValueKind.True => [1],
        JsonValueKind.False => [0],
        _ => [value.GetInt64()],
    };

    private static int SparseWidth(JsonElement[] args) => 1 + args
        .Where(static a => a.ValueKind == JsonValueKind.Array)
        .SelectMany(static a => a.EnumerateArray()).Where(static row => row.ValueKind == JsonValueKind.Array)
        .SelectMany(static row => row.EnumerateArray()).Where(static cell => cell.ValueKind == JsonValueKind.Array)
        .Select(static cell => cell[0].GetInt32())
        .Concat(args.Select(static a => (a.ValueKind == JsonValueKind.Array ? a.GetArrayLength() : a.ValueKind == JsonValueKind.Number && a.TryGetInt32(out var n) && n < 100 ? n : 0) - 1))
        .Append(0).Max();

    private static long[][] Fill(JsonElement rows, int width) => [.. rows.EnumerateArray().Select(row =>
    {
        var full = new long[width];
        foreach (var cell in row.EnumerateArray())
        {
            full[cell[0].GetInt32()] = cell[1].GetInt64();
        }

        return full;
    })];
}
