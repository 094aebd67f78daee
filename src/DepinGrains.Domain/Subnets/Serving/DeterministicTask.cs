using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>
/// A task whose right answer anybody can compute, so that a whole subnet can be tried without a model: the words that SHA-256 of the prompt picks from a list. Word i is byte i mod 32 of
/// SHA-256(prompt ‖ i div 32 as four bytes, little endian), low five bits.
/// </summary>
public static class DeterministicTask
{
    private static readonly string[] Words =
    [
        "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch", "marsh", "north", "ocean", "pebble",
        "quartz", "ridge", "shore", "thorn", "umber", "vale", "willow", "xenon", "yarrow", "zephyr", "basin", "cliff", "dune", "fern", "glade", "hazel",
    ];

    /// <summary>The answer's words, in order; each but the first is written with a space before it.</summary>
    /// <param name="prompt">The last message's text, or the prompt.</param>
    /// <param name="count">How many.</param>
    public static IEnumerable<string> Answer(string prompt, int count)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Enumerate(Encoding.UTF8.GetBytes(prompt), count);
    }

    /// <summary>The whole answer.</summary>
    public static string Text(string prompt, int count) => string.Concat(Answer(prompt, count));

    private static IEnumerable<string> Enumerate(byte[] prompt, int count)
    {
        byte[] digest = [];
        for (var i = 0; i < count; i++)
        {
            if (i % 32 == 0)
            {
                digest = SHA256.HashData([.. prompt, .. BitConverter.IsLittleEndian ? BitConverter.GetBytes(i / 32) : [.. BitConverter.GetBytes(i / 32).Reverse()]]);
            }

            yield return (i == 0 ? "" : " ") + Words[digest[i % 32] & 31];
        }
    }
}
