using System.Text;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Domain.Tests.Identities;

/// <summary>A key remembers what it verified: only that, byte for byte, may hold again.</summary>
public sealed class VerificationKeyTests : IDisposable
{
    private readonly SigningKey _signer = SigningKey.Generate();
    private readonly VerificationKey _key;

    public VerificationKeyTests() => _key = VerificationKey.Parse(_signer.PublicKey).Require();

    public void Dispose()
    {
        _key.Dispose();
        _signer.Dispose();
    }

    [Fact]
    public void A_flipped_bit_anywhere_after_a_good_verification_is_refused()
    {
        var (data, signature) = Signed("transfer 100 to bob");
        Assert.True(_key.Verify(data, signature));
        for (var bit = 0; bit < data.Length * 8; bit++)
        {
            Assert.False(_key.Verify(Flipped(data, bit), signature), $"data bit {bit}");
        }

        for (var bit = 0; bit < signature.Length * 8; bit += 3)
        {
            Assert.False(_key.Verify(data, Flipped(signature, bit)), $"signature bit {bit}");
        }

        Assert.True(_key.Verify(data, signature));
    }

    /// <summary>Signature and data lie side by side in what is remembered: the border between them must not move.</summary>
    [Fact]
    public void Bytes_moved_from_the_signature_to_the_data_or_back_are_refused()
    {
        var (data, signature) = Signed("transfer 100 to bob");
        Assert.True(_key.Verify(data, signature));
        Assert.False(_key.Verify([signature[^1], .. data], signature.AsSpan(..^1)));
        Assert.False(_key.Verify(data.AsSpan(1..), [.. signature, data[0]]));
        Assert.False(_key.Verify([.. signature, .. data], []));
    }

    [Fact]
    public void What_was_refused_stays_refused_and_does_not_displace_what_held()
    {
        var (data, signature) = Signed("transfer 100 to bob");
        Assert.True(_key.Verify(data, signature));
        var forged = Flipped(data, 5);
        Assert.False(_key.Verify(forged, signature));
        Assert.False(_key.Verify(forged, signature));
        Assert.True(_key.Verify(data, signature));
    }

    [Fact]
    public void Another_key_does_not_take_over_what_this_one_verified()
    {
        using var other = SigningKey.Generate();
        using var otherKey = VerificationKey.Parse(other.PublicKey).Require();
        var (data, signature) = Signed("transfer 100 to bob");
        Assert.True(_key.Verify(data, signature));
        Assert.False(otherKey.Verify(data, signature));
        Assert.False(_key.Verify(data, other.Sign(data)));
    }

    [Fact]
    public void More_than_are_remembered_hold_again_and_their_forgeries_do_not()
    {
        var many = Enumerable.Range(0, 200).Select(i => Signed($"request {i}")).ToArray();
        for (var round = 0; round < 2; round++)
        {
            Assert.All(many, m => Assert.True(_key.Verify(m.Data, m.Signature)));
        }

        Assert.All(many.Zip(many.Skip(1)), pair => Assert.False(_key.Verify(pair.First.Data, pair.Second.Signature)));
        Assert.All(many, m => Assert.False(_key.Verify(Flipped(m.Data, 0), m.Signature)));
    }

    [Fact]
    public void Many_threads_at_once_see_the_same_answers()
    {
        var many = Enumerable.Range(0, 64).Select(i => Signed($"request {i}")).ToArray();
        Parallel.For(0, 1_024, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            var (data, signature) = many[i % many.Length];
            Assert.True(_key.Verify(data, signature));
            Assert.False(_key.Verify(many[(i + 1) % many.Length].Data, signature));
        });
    }

    private (byte[] Data, byte[] Signature) Signed(string text)
    {
        var data = Encoding.UTF8.GetBytes(text);
        return (data, _signer.Sign(data));
    }

    private static byte[] Flipped(byte[] bytes, int bit)
    {
        var copy = (byte[])bytes.Clone();
        copy[bit / 8] ^= (byte)(1 << (bit % 8));
        return copy;
    }
}
