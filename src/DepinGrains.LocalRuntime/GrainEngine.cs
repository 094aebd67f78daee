using DepinGrains.LocalRuntime.Activations;
using DepinGrains.LocalRuntime.Calls;
using DepinGrains.LocalRuntime.Reminders;
using DepinGrains.LocalRuntime.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime;

/// <summary>The parts of one runtime, wired. Everything in it lives as long as the host.</summary>
internal sealed class GrainEngine : IDisposable
{
    private readonly List<Activation> _doubles = [];
    private ITimer? _collector;
    private volatile bool _stopped;
    private volatile bool _killed;

    public GrainEngine(
        IServiceProvider services,
        LocalGrainOptions options,
        IReminderStore reminders,
        ILoggerFactory loggers,
        IEnumerable<IIncomingGrainCallFilter> incoming,
        IEnumerable<IOutgoingGrainCallFilter> outgoing,
        SimulationScheduler? simulation = null)
    {
        Services = services;
        Options = options;
        Simulation = simulation;
        Time = simulation?.Time ?? options.TimeProvider ?? services.GetService<TimeProvider>() ?? TimeProvider.System;
        Log = new EngineLog(loggers.CreateLogger("DepinGrains.LocalRuntime"));
        Catalog = new GrainCatalog(options.Assemblies);
        IncomingFilters = [.. incoming];
        OutgoingFilters = [.. outgoing];
        Directory = new ActivationDirectory(this);
        Factory = new LocalGrainFactory(this);
        Watchdog = new Watchdog(this);
        Reminders = new ReminderService(this, reminders);
    }

    internal IServiceProvider Services { get; }

    internal LocalGrainOptions Options { get; }

    internal TimeProvider Time { get; }

    internal EngineLog Log { get; }

    internal GrainCatalog Catalog { get; }

    internal IIncomingGrainCallFilter[] IncomingFilters { get; }

    internal IOutgoingGrainCallFilter[] OutgoingFilters { get; }

    internal ActivationDirectory Directory { get; }

    internal LocalGrainFactory Factory { get; }

    internal Watchdog Watchdog { get; }

    internal ReminderService Reminders { get; }

    /// <summary>Null: work runs on the thread pool.</summary>
    internal SimulationScheduler? Simulation { get; }

    /// <summary>Turns an activation may take before others get the thread; a simulation chooses anew after each.</summary>
    internal int TurnsPerRun => Simulation is null ? 64 : 1;

    public void Dispose()
    {
        EngineMetrics.Ended(this);
        _collector?.Dispose();
        Watchdog.Dispose();
        Reminders.Dispose();
    }

    /// <summary>The runtime behind a grain or a reference.</summary>
    internal static GrainEngine Of(IAddressable addressable) => addressable switch
    {
        LocalGrainReference reference => reference.Engine,
        IGrainBase grain => Activation.Of(grain).Engine,
        _ => throw new ArgumentException($"{addressable?.GetType()} is neither a grain nor a reference to one", nameof(addressable)),
    };

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        _collector ??= Time.CreateTimer(static self => ((GrainEngine)self!).CollectIdle(), this, Options.CollectionQuantum, Options.CollectionQuantum);
        await Reminders.StartAsync(cancellationToken);
        EngineMetrics.Started(this);
    }

    /// <summary>Ends every activation, telling each; calls from outside are refused from now on.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopped = true;
        Reminders.Stop();
        _collector?.Dispose();
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The process is stopping.");

        // Ending grains may wake others; a few rounds, never more.
        for (var round = 0; round < 8 && Directory.All() is { Count: > 0 } all; round++)
        {
            foreach (var activation in all)
            {
                activation.Deactivate(reason, cancellationToken);
            }

            await Task.WhenAll(all.Select(a => a.Deactivated)).WaitAsync(cancellationToken);
        }
    }

    /// <summary>See <see cref="LocalGrainRuntime.Detach"/>. A double still dies with the process.</summary>
    internal bool Detach(GrainId grain)
    {
        if (Directory.Find(grain) is not { } found || !Directory.Remove(found))
        {
            return false;
        }

        lock (_doubles)
        {
            _doubles.Add(found);
        }

        return true;
    }

    /// <summary>Ends everything as a killed process does.</summary>
    internal void Kill()
    {
        _stopped = _killed = true;
        Dispose();
        foreach (var activation in Directory.All().Concat(_doubles))
        {
            activation.Kill();
        }
    }

    /// <summary>Sends a call from the current turn, or from outside.</summary>
    internal void Send(LocalGrainReference reference, GrainRequest request)
    {
        request.Source = Activation.Current;
        request.Context = RequestContext.Current;
        if (_stopped && (request.Source is null || _killed))
        {
            Refuse(request, new OrleansException($"The grain runtime has stopped; {request.Method} of {reference.GrainId} was not sent."));
            return;
        }

        if (request.Method.TokenIndex >= 0)
        {
            if (request.Token.IsCancellationRequested)
            {
                Refuse(request, new OperationCanceledException(request.Token));
                return;
            }

            RequestCancellation.Bind(request);
        }

        if (reference.Last is not { } last || !last.TryEnqueue(request))
        {
            var target = Deliver(request, reference.Class, reference.GrainId);
            reference.Last = reference.Class.MaxWorkers == 0 ? target : null;
        }

        request.Cancellation?.Listen();
    }

    /// <summary>Answers a call that was not sent. It has no target yet, so it cannot know that a simulation must be answered on this thread.</summary>
    private void Refuse(GrainRequest request, Exception exception)
    {
        if (Simulation is null)
        {
            request.Fail(exception);
        }
        else
        {
            request.ReplyException(exception);
        }
    }

    internal Activation Deliver(GrainRequest request, GrainClass grainClass, GrainId grainId)
    {
        while (true)
        {
            var target = Directory.GetOrCreate(grainClass, grainId);
            if (target.TryEnqueue(request))
            {
                return target;
            }
        }
    }

    internal void Schedule(IThreadPoolWorkItem item)
    {
        if (Simulation is { } simulation)
        {
            simulation.Schedule(item);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
        }
    }

    private void CollectIdle()
    {
        var now = Time.GetTimestamp();
        foreach (var activation in Simulation is null ? Directory.Unordered() : Directory.All())
        {
            activation.CollectIfIdle(now);
        }
    }
}
