using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Network;

/// <summary>The parameters' values at one instant.</summary>
public readonly record struct ParameterValues(ParameterSchedule Schedule, DateTimeOffset At)
{
    /// <summary>A parameter without tokens.</summary>
    public long this[string name] => Schedule.At(name, At);

    /// <summary>A parameter for a token; <paramref name="fallback"/> while nobody has set one (a host's configuration).</summary>
    public long Of(string name, string denom, long? fallback = null) => Schedule.At(name, denom, At, fallback);

    /// <summary>Take fees of an account in a currency with these sources.</summary>
    public FeeRates Fees(string currency, IEnumerable<string> sources) => Schedule.Fees(currency, sources, At);
}

/// <summary>
/// This process's copy of the changes of parameters. Changes are only ever added, and hold one notice after they are made at the earliest; a copy younger than that gives at any instant
/// the value every other process gives.
/// </summary>
public sealed class NetworkParameters(IRowStore store, NetworkClock clock, IOptions<ParameterOptions> options)
{
    private const int PageSize = 1_000;
    private readonly Lock _gate = new();
    private ParameterSchedule _schedule = ParameterSchedule.Empty;
    private string? _lastKey;
    private DateTimeOffset? _readAt;
    private Task? _reading;

    /// <summary>The values now.</summary>
    public async ValueTask<ParameterValues> NowAsync()
    {
        var now = clock.Now;
        Task? reading = null;
        lock (_gate)
        {
            if (_readAt is not { } at || now - at > options.Value.RefreshAfter || now < at)
            {
                reading = _reading is { IsCompleted: false } underway ? underway : _reading = ReadAsync(now);
            }
        }

        if (reading is not null)
        {
            await reading;
        }

        return new ParameterValues(_schedule, now);
    }

    private async Task ReadAsync(DateTimeOffset started)
    {
        while (true)
        {
            var rows = await store.ReadChildrenAsync(ParameterRow.Kind.Table.Kind, Contracts.Network.NetworkParameterKeys.Network, _lastKey, PageSize);
            foreach (var row in rows)
            {
                _schedule = _schedule.With(RowKind<ParameterRow>.Read(row).Entry);
                _lastKey = row.Id.Key;
            }

            if (rows.Length < PageSize)
            {
                break;
            }
        }

        lock (_gate)
        {
            _readAt = started;
        }
    }
}
