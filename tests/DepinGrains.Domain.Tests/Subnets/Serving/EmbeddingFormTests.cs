using System.Buffers.Binary;
using System.Text;
using DepinGrains.Domain.Subnets.Serving.OpenAi;

namespace DepinGrains.Domain.Tests.Subnets.Serving;

/// <summary>Vectors reach a caller in the form he asked for, whichever the miner sent.</summary>
public sealed class EmbeddingFormTests
{
    private const string Numbers = "[0.25,1,-1.5]";

    // 3e800000 3f800000 bfc00000, each turned round.
    private const string Base64 = "\"AACAPgAAgD8AAMC/\"";

    [Theory]
    [InlineData(Numbers, true, Base64)]
    [InlineData(Base64, false, Numbers)]
    [InlineData(Base64, true, Base64)]
    [InlineData(Numbers, false, Numbers)]
    [InlineData("[ 0.250, 1.0,\n-15e-1 ]", false, "[ 0.250, 1.0,\n-15e-1 ]")]
    [InlineData("\"AACAPgAAgD8AAMC\\/\"", false, Numbers)]
    public void A_vector_comes_as_it_was_asked_for_and_all_else_as_it_was(string sent, bool base64, string got)
    {
        var list = $$"""[{"object":"embedding","index":0,"embedding":{{sent}}}, {"embedding":{{sent}},"more":{"embedding":"no vector"},"index":1}]""";
        Assert.True(EmbeddingForm.TryWrite(Encoding.UTF8.GetBytes(list), base64, out var asked));
        Assert.Equal(list.Replace(sent, got, StringComparison.Ordinal), Encoding.UTF8.GetString(asked));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[1,\"2\"]")]
    [InlineData("[1,null]")]
    [InlineData("[[1,2]]")]
    [InlineData("[1e39]")]
    [InlineData("null")]
    [InlineData("{\"0\":1}")]
    [InlineData("\"\"")]
    [InlineData("\"AACAPgAA\"")]
    [InlineData("\"not base64!\"")]
    [InlineData("\"AADAfw==\"")]
    public void What_is_no_vector_is_no_answer(string sent)
    {
        Assert.False(EmbeddingForm.TryWrite(Encoding.UTF8.GetBytes($$"""[{"embedding":[1]},{"embedding":{{sent}}}]"""), false, out _));
        Assert.False(EmbeddingForm.TryWrite(Encoding.UTF8.GetBytes($$"""[{"embedding":[1]},{"embedding":{{sent}}}]"""), true, out _));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"embedding\":[1],\"embedding\":[2]}")]
    public void An_item_has_one_vector(string item) => Assert.False(EmbeddingForm.TryWrite(Encoding.UTF8.GetBytes($"[{item}]"), true, out _));

    [Fact]
    public void A_vector_has_its_bound()
    {
        foreach (var (count, fits) in new[] { (EmbeddingForm.DimensionsMax, true), (EmbeddingForm.DimensionsMax + 1, false) })
        {
            var bytes = new byte[4 * count];
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), i + 0.1f);
            }

            var text = Encoding.UTF8.GetBytes($$"""[{"embedding":"{{Convert.ToBase64String(bytes)}}"}]""");
            Assert.Equal(fits, EmbeddingForm.TryWrite(text, false, out var numbers));

            // There and back nothing is lost.
            Assert.Equal(fits, fits && EmbeddingForm.TryWrite(numbers, true, out var again) && again.SequenceEqual(text));
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(",\"encoding_format\":null", false)]
    [InlineData(",\"encoding_format\":\"float\"", false)]
    [InlineData(",\"encoding_format\":\"base64\"", true)]
    [InlineData(",\"encoding_format\":\"hex\"", null)]
    [InlineData(",\"encoding_format\":1", null)]
    public void A_request_says_the_form_it_wants(string member, bool? base64)
    {
        var read = InferenceRequestReader.Read(InferenceKind.Embedding, Encoding.UTF8.GetBytes($$"""{"model":"subnet-1","input":"x"{{member}}}"""), new InferenceLimits());
        Assert.Equal(base64, read.IsOk ? read.Require().Base64 : null);
        Assert.True(read.IsOk || read.Refusal.Facts.Single(static f => f.Name == "param").Value as string == "encoding_format");
    }
}
