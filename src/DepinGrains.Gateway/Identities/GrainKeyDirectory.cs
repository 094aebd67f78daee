using System.Collections.Concurrent;
using DepinGrains.Contracts.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Grains.Network;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Identities;

/// <summary>
/// Asks identity grains and keeps the answers for <see cref="HttpOptions.KeyCacheSeconds"/>. One question at a time per identity; "nobody" is never kept, so a new identity is seen at once;
/// what is kept is bounded. A stale answer can let a revoked key read for those seconds; writes are checked by the grain again.
/// </summary>
public sealed class GrainKeyDirectory(IGrainFactory grains, IOptions<HttpOptions> options, [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time) : IKeyDirectory
{
    private static readonly TimeSpan FreshEvery = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<IdentityKeys?> FindAsync(string identity, bool fresh = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var id = IdentityIds.TryParseReference(identity, out var owner, out _) ? owner : identity;
        if (!IdentityIds.IsIdentity(id))
        {
            return null;
        }

        var now = time.GetTimestamp();
        if (_entries.TryGetValue(id, out var entry) && time.GetElapsedTime(entry.AskedAt, now) is var age
            && age < (fresh ? FreshEvery : TimeSpan.FromSeconds(options.Value.KeyCacheSeconds)))
        {
            return await entry.Answer.Value.WaitAsync(cancel);
        }

        MakeRoom(now);
        var asked = new Entry(now, new Lazy<Task<IdentityKeys?>>(() => grains.GetGrain<IIdentityGrain>(id).GetKeysAsync()));
        var kept = entry is null ? _entries.GetOrAdd(id, asked) : _entries.TryUpdate(id, asked, entry) || !_entries.TryGetValue(id, out var other) ? asked : other;
        try
        {
            var keys = await kept.Answer.Value.WaitAsync(cancel);
            if (keys is null)
            {
                _entries.TryRemove(KeyValuePair.Create(id, kept));
            }

            return keys;
        }
        catch when (!cancel.IsCancellationRequested)
        {
            // A failed look-up must not be remembered as an answer.
            _entries.TryRemove(KeyValuePair.Create(id, kept));
            throw;
        }
    }

    /// <inheritdoc/>
    public void Forget(string identity) => _entries.TryRemove(identity, out _);

    private void MakeRoom(long now)
    {
        if (_entries.Count < options.Value.KeyCacheMax)
        {
            return;
        }

        foreach (var pair in _entries)
        {
            if (time.GetElapsedTime(pair.Value.AskedAt, now) >= TimeSpan.FromSeconds(options.Value.KeyCacheSeconds))
            {
                _entries.TryRemove(pair);
            }
        }

        // All of them young: somebody floods us with identities. Starting over costs one question each.
        if (_entries.Count >= options.Value.KeyCacheMax)
        {
            _entries.Clear();
        }
    }

    private sealed record Entry(long AskedAt, Lazy<Task<IdentityKeys?>> Answer);
}
