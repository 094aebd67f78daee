using System.Collections.Immutable;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Hardware;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Telemetry;
using DepinGrains.Agent.Workloads;
using DepinGrains.Agent.Workloads.Containers;
using DepinGrains.Agent.Workloads.Native;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent;

/// <summary>One agent: detects, joins, connects, runs what is desired. Everything it must remember is in its work folder; only one agent can hold it.</summary>
public sealed class DepinAgent
{
    private readonly AgentOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _loggers;
    private Func<string?> _notReady = static () => "starting";

    /// <summary>Makes an agent; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options cannot be.</exception>
    public DepinAgent(AgentOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        AgentOptionsValidator.ThrowIfInvalid(options);
        (_options, _clock, _loggers) = (options, clock, loggers);
    }

    /// <summary>The node's id; null before the first join.</summary>
    public string? NodeId { get; private set; }

    /// <summary>Number of the last session; 0 before the first.</summary>
    public long Session { get; private set; }

    /// <summary>Why no work comes here now, in words; null while a gateway has let the agent in.</summary>
    public string? NotReady => _notReady();

    /// <summary>What this machine offers, as it would be told to a gateway.</summary>
    public static async Task<HardwareInventory> DetectAsync(AgentOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var names = ImmutableArray.CreateBuilder<string>();
        if (options.Containers.Enabled && await ContainerEngine.FindAsync(options.Containers, clock, cancellationToken) is not null)
        {
            names.Add(Executors.Container);
        }

        if (await NativeAsync(options, clock, cancellationToken) is not null)
        {
            names.Add(Executors.Native);
        }

        return await new HardwareDetector(options, Storage(new AgentPaths(options.WorkDirectory), remember: false), clock).DetectAsync(names.ToImmutable(), cancellationToken);
    }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="AgentRefusedException">The network does not want this node.</exception>
    /// <exception cref="IOException">The work folder cannot be used, or another agent holds it.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var paths = new AgentPaths(_options.WorkDirectory);
        paths.Create();
        using var hold = new FileStream(Path.Combine(paths.Private, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        using var identity = NodeIdentity.Load(paths);
        NodeId = identity.NodeId;

        var gpus = ImmutableArray<GpuDevice>.Empty;
        using var ports = PortBlock.Take(paths, _options.Resources, Path.GetTempPath());
        var volumes = new VolumeStore(paths, _options.Resources);
        var store = new StateStore(paths, _clock);
        var executors = await ExecutorsAsync(paths, store, volumes, identity, () => gpus, cancellationToken);
        var storage = Storage(paths, remember: true);
        using var metrics = new AgentMetrics(store, executors.Names);
        _notReady = () => metrics.NotReady;
        async Task<HardwareInventory> Detect(CancellationToken token)
        {
            var hardware = await new HardwareDetector(_options, storage, _clock).DetectAsync(executors.Names, token);
            gpus = hardware.Gpus;
            metrics.Detected(hardware);
            return hardware with { PortMin = ports.Min, PortMax = ports.Max };
        }

        await Detect(cancellationToken);
        var logs = new LogLibrary(paths, _options.Logs);
        using var reconciler = new Reconciler(store, executors, logs, volumes, _options, metrics, _clock, _loggers);
        try
        {
            await reconciler.StartAsync(cancellationToken);
            var connector = new GatewayConnector(_options, identity, store, reconciler, logs, executors, Detect, metrics, _clock, _loggers.CreateLogger<DepinAgent>())
            {
                Connected = session => (NodeId, Session) = (identity.NodeId, session),
            };
            await connector.RunAsync(cancellationToken);
        }
        finally
        {
            using var limit = new CancellationTokenSource(_options.Workloads.StopGrace + TimeSpan.FromSeconds(30), _clock);
            await reconciler.StopAsync(limit.Token);
        }
    }

    // Looking alone writes nothing: the folder may belong to an agent that runs.
    private static StorageBook Storage(AgentPaths paths, bool remember) => new(Path.Combine(paths.Private, "storage.json"), remember, DiskSpace.Of);

    private static async Task<SandboxKind?> NativeAsync(AgentOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!options.Native.Enabled || !OperatingSystem.IsLinux())
        {
            return null;
        }

        var sandbox = await NativeSandbox.ProbeAsync(options.Native.Sandbox, clock, cancellationToken);
        return options.Native.Sandbox == NativeSandboxMode.Required && sandbox > SandboxKind.Namespaces ? null : sandbox;
    }

    private async Task<ExecutorSet> ExecutorsAsync(
        AgentPaths paths, StateStore store, VolumeStore volumes, NodeIdentity identity, Func<IReadOnlyList<GpuDevice>> gpus, CancellationToken cancellationToken)
    {
        var executors = ImmutableArray.CreateBuilder<IWorkloadExecutor>();
        if (await NativeAsync(_options, _clock, cancellationToken) is { } sandbox)
        {
            executors.Add(new NativeExecutor(_options, paths, store, volumes, gpus, sandbox, _clock));
        }

        if (_options.Containers.Enabled && await ContainerEngine.FindAsync(_options.Containers, _clock, cancellationToken) is { } engine)
        {
            executors.Add(new ContainerExecutor(engine, _options, paths, volumes, SafeKey.Of(identity.PublicKey)[^16..], _clock));
        }

        return new ExecutorSet(executors.ToImmutable());
    }
}
