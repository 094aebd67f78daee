using System.Collections.Immutable;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Subnets;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>
/// Tells subnets now and then what this gateway saw of their miners. A report whose outcome is unknown is sent again under its id before anything new of that subnet: counted once, or, when the process dies, lost.
/// </summary>
public sealed partial class ServingReporter(IGrainFactory grains, MinerBook book, IOptions<ServingOptions> options, TimeProvider time, ILogger<ServingReporter> log) : BackgroundService, IHostedLifecycleService
{
    private const int MinersPerReport = 256;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private readonly SortedDictionary<int, Queue<(string Id, ImmutableArray<MinerReport> Miners)>> _unsent = [];
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The last words, while the grains are still there.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(LastWords, time);
        try
        {
            await SendAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            // A report under way took all of the time.
        }
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.ReportEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SendAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last words are said already.
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _gate.Dispose();
        base.Dispose();
    }

    /// <summary>One at a time: the last words follow a report that is under way, they are not left to it.</summary>
    private async Task SendAsync(CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            await SendAllAsync(cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task SendAllAsync(CancellationToken cancel)
    {
        // While a subnet cannot be told, its figures go on growing where they are: what is kept here is one take of the book.
        if (_unsent.Count == 0)
        {
            foreach (var subnet in book.TakeReports())
            {
                _unsent[subnet.Key] = new(subnet.Chunk(MinersPerReport).Select(static miners => (RequestSigner.NewIdempotencyKey(), miners.ToImmutableArray())));
            }
        }

        foreach (var (netuid, reports) in _unsent.ToArray())
        {
            try
            {
                while (reports.TryPeek(out var next))
                {
                    if (await grains.GetGrain<ISubnetServingGrain>(netuid).ReportAsync(next.Id, next.Miners).WaitAsync(cancel) is { IsOk: false } refused)
                    {
                        LogRefused(netuid, refused.Refusal.ToString());
                    }

                    reports.Dequeue();
                }

                _unsent.Remove(netuid);
            }
            catch (Exception away) when (away is not OperationCanceledException || !cancel.IsCancellationRequested)
            {
                LogAway(netuid, away.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(3620, LogLevel.Warning, "Subnet {Netuid} did not take what was seen of its miners: {Problem}")]
    private partial void LogRefused(int netuid, string problem);

    [LoggerMessage(3621, LogLevel.Information, "Subnet {Netuid} could not be told of its miners, told again: {Problem}")]
    private partial void LogAway(int netuid, string problem);
}
