using System.Text;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>What a process writes, up to a bound; writing more cancels whoever waits for it.</summary>
internal sealed class BoundedText
{
    private readonly byte[] _buffer;
    private int _length;

    public BoundedText(Stream stream, int max, CancellationTokenSource limit)
    {
        _buffer = new byte[max + 1];
        Ended = ReadAsync(stream, limit);
    }

    /// <summary>Completes when the writer closed it or wrote too much.</summary>
    public Task Ended { get; }

    /// <summary>True when more than the bound came.</summary>
    public bool TooLarge => Volatile.Read(ref _length) == _buffer.Length;

    /// <summary>What came so far, UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(_buffer, 0, Volatile.Read(ref _length));

    private async Task ReadAsync(Stream stream, CancellationTokenSource limit)
    {
        try
        {
            while (_length < _buffer.Length && await stream.ReadAsync(_buffer.AsMemory(_length), CancellationToken.None) is > 0 and var read)
            {
                Volatile.Write(ref _length, _length + read);
            }

            if (TooLarge)
            {
                await limit.CancelAsync();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process was ended, or is not waited for any more.
        }
    }
}
