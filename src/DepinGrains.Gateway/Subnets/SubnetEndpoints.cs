using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Rows;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Subnets;

/// <summary><c>/v1/subnets</c>: subnets, uids, weights, metagraph, history. Amounts are rao, blocks are of 12 s.</summary>
public static class SubnetEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapSubnetEndpoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/subnets").WithTags("Subnets");
        group.MapGet("", ListAsync).AllowAnonymous().WithName("listSubnets").WithSummary("Subnets by number").Produces<Page<SubnetView>>();
        group.MapGet("lock-cost", LockCostAsync).AllowAnonymous().WithName("getSubnetLockCost").WithSummary("What a new subnet locks now, and who would make room").Produces<SubnetLockCost>();
        group.MapPost("", CreateAsync).RequireSignature().WithName("createSubnet").WithSummary("Open a subnet").Produces<SubnetView>(StatusCodes.Status201Created);
        group.MapGet("{netuid}", GetAsync).AllowAnonymous().WithName("getSubnet").WithSummary("A subnet").Produces<SubnetView>();
        group.MapGet("{netuid}/price", QuoteAsync).AllowAnonymous().WithName("getRegistrationPrice").WithSummary("What a uid costs now").Produces<RegistrationQuote>();
        group.MapGet("{netuid}/hyperparameters", HyperparametersAsync).AllowAnonymous().WithName("getHyperparameters").WithSummary("Hyperparameters with their ranges").Produces<ImmutableArray<HyperparameterResponse>>();
        group.MapPost("{netuid}/hyperparameters/{name}", SetHyperparameterAsync).RequireSignature().WithName("setHyperparameter").WithSummary("Change a hyperparameter (owner)").Produces<SubnetView>();
        group.MapGet("{netuid}/metagraph", MetagraphAsync).AllowAnonymous().WithName("getMetagraph").WithSummary("All uids by columns; fields=stake,incentive or S,I selects, weights and bonds only when asked for").Produces<Metagraph>();
        group.MapGet("{netuid}/servers", ServersAsync).AllowAnonymous().WithName("getSubnetServers").WithSummary("Who announced an endpoint").Produces<SubnetServers>();
        group.MapGet("{netuid}/epochs", EpochsAsync).AllowAnonymous().WithName("listSubnetEpochs").WithSummary("Epochs, newest first").Produces<Page<SubnetEpochView>>();
        group.MapGet("{netuid}/neurons/{uid}", NeuronAsync).AllowAnonymous().WithName("getNeuron").WithSummary("One uid").Produces<NeuronView>();
        group.MapGet("{netuid}/neurons/{uid}/weights", WeightsAsync).AllowAnonymous().WithName("getWeights").WithSummary("Weights a uid has in force").Produces<SparseRow>();
        group.MapPost("{netuid}/challenges", ChallengeAsync).RequireSignature().WithName("challengeHardware").WithSummary("Have the agent of your node do the subnet's benchmark for a registration").Produces<ChallengeResponse>();
        group.MapGet("{netuid}/challenges/{node}", GetChallengeAsync).AllowAnonymous().WithName("getChallenge").WithSummary("Where a node's benchmark stands").Produces<ChallengeResponse>();
        group.MapPost("{netuid}/register", RegisterAsync).RequireSignature().WithName("registerNeuron").WithSummary("Register a hotkey; the price is recycled").Produces<NeuronRegistered>();
        group.MapPost("{netuid}/weights", SetWeightsAsync).RequireSignature(KeyRoles.Any).WithName("setWeights").WithSummary("Set weights").Produces<WeightsSet>();
        group.MapPost("{netuid}/weights/commit", CommitAsync).RequireSignature(KeyRoles.Any).WithName("commitWeights").WithSummary("Commit to weights").Produces<WeightsCommitted>();
        group.MapPost("{netuid}/weights/reveal", RevealAsync).RequireSignature(KeyRoles.Any).WithName("revealWeights").WithSummary("Reveal them").Produces<WeightsSet>();
        group.MapPost("{netuid}/axon", AxonAsync).RequireSignature(KeyRoles.Any).WithName("serveAxon").WithSummary("Announce where a hotkey answers").Produces<NeuronView>();
        routes.MapGet("/v1/neurons", NeuronsAsync).AllowAnonymous().WithTags("Subnets").WithName("listNeurons").WithSummary("Uids of a coldkey or hotkey in all subnets").Produces<Page<NeuronPlace>>();
    }

    /// <summary>The subnets.</summary>
    public static Task<IResult> ListAsync(PageQuery page, IRowStore store, NetworkClock clock, string? owner, string? status) => RowLists.Async(
        store,
        new ListQuery(SubnetState.Kind.Table.Kind, RowLists.Filters(("owner", owner), ("status", status)), "netuid", Descending: false, page.Limit, page.Cursor),
        row => RowKind<SubnetState>.Read(row).View(clock.Block(), row.Version));

    /// <summary>The lock.</summary>
    public static async Task<IResult> LockCostAsync(IGrainFactory grains) => TypedResults.Ok(await Registry(grains).GetLockCostAsync());

    /// <summary>Opens one.</summary>
    public static async Task<IResult> CreateAsync(CreateSubnetRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var made = await Registry(grains).CreateAsync(caller.OperationId(context), new CreateSubnet(caller.Identity, body.Name, body.Task, body.MaxLock));
        return made.IsOk ? TypedResults.Created(string.Create(CultureInfo.InvariantCulture, $"/v1/subnets/{made.Value.Netuid}"), made.Value) : Problems.From(made.Refusal);
    }

    /// <summary>One.</summary>
    public static async Task<IResult> GetAsync(string netuid, HttpContext context, IGrainFactory grains)
    {
        var view = await AskAsync(netuid, grains, static subnet => subnet.GetAsync());
        return view.IsOk ? EntityTags.Read(context, view.Value, view.Value.Version, weak: true) : Problems.From(view.Refusal);
    }

    /// <summary>The price.</summary>
    public static Task<IResult> QuoteAsync(string netuid, IGrainFactory grains) => AnswerAsync(netuid, grains, static subnet => subnet.QuoteAsync());

    /// <summary>The hyperparameters.</summary>
    public static async Task<IResult> HyperparametersAsync(string netuid, IGrainFactory grains)
    {
        var view = await AskAsync(netuid, grains, static subnet => subnet.GetAsync());
        return view.IsOk
            ? TypedResults.Ok(HyperparameterCatalog.All.Select(p =>
            {
                var waits = view.Value.Pending.FirstOrDefault(w => w.Name == p.Name);
                return new HyperparameterResponse(p.Name, p.Read(view.Value.Hyperparameters), p.Range, p.AtEpoch, waits?.Value, waits?.EffectiveBlock);
            }).ToImmutableArray())
            : Problems.From(view.Refusal);
    }

    /// <summary>Changes one.</summary>
    public static async Task<IResult> SetHyperparameterAsync(string netuid, string name, HyperparameterRequest body, Caller caller, HttpContext context, IGrainFactory grains) =>
        await caller.VerifyAsync(grains) is { } refusal
            ? Problems.From(refusal)
            : await AnswerAsync(netuid, grains, subnet => subnet.SetHyperparameterAsync(caller.OperationId(context), new SetHyperparameter(caller.Identity, name, body.Value)));

    /// <summary>The metagraph; its tag changes with the subnet's version, not with the block.</summary>
    public static async Task<IResult> MetagraphAsync(string netuid, HttpContext context, IGrainFactory grains, string? fields)
    {
        ImmutableArray<string> wanted = [.. (fields ?? "").Split(',', 32, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        var graph = await AskAsync(netuid, grains, subnet => subnet.GetMetagraphAsync(wanted));
        return graph.IsOk ? EntityTags.Read(context, graph.Value, graph.Value.Version, weak: true) : Problems.From(graph.Refusal);
    }

    /// <summary>Who serves.</summary>
    public static async Task<IResult> ServersAsync(string netuid, HttpContext context, IGrainFactory grains)
    {
        var servers = await AskAsync(netuid, grains, static subnet => subnet.GetServersAsync(-1));
        return servers.Refusal is { } refusal ? Problems.From(refusal) : EntityTags.Read(context, servers.Value!, servers.Value!.Version, weak: true);
    }

    /// <summary>The history.</summary>
    public static Task<IResult> EpochsAsync(string netuid, PageQuery page, IRowStore store) => RowLists.Async(
        store, new ListQuery(EpochRow.Kind.Table.Kind, RowLists.Filters(("parent", netuid)), "epoch", Descending: true, page.Limit, page.Cursor), static row => RowKind<EpochRow>.Read(row).View);

    /// <summary>A neuron.</summary>
    public static Task<IResult> NeuronAsync(string netuid, int uid, IGrainFactory grains) => AnswerAsync(netuid, grains, subnet => subnet.GetNeuronAsync(uid));

    /// <summary>Its weights.</summary>
    public static Task<IResult> WeightsAsync(string netuid, int uid, IGrainFactory grains) => AnswerAsync(netuid, grains, subnet => subnet.GetWeightsAsync(uid));

    /// <summary>Uids by key.</summary>
    public static Task<IResult> NeuronsAsync(PageQuery page, IRowStore store, string? coldkey, string? hotkey) => RowLists.Async(
        store,
        new ListQuery(NeuronState.Kind.Table.Kind, RowLists.Filters(("coldkey", coldkey), ("hotkey", hotkey)), null, Descending: false, page.Limit, page.Cursor),
        static row => NeuronPlace.Of(RowKind<NeuronState>.Read(row)));

    /// <summary>A benchmark.</summary>
    public static async Task<IResult> ChallengeAsync(string netuid, ChallengeRequest body, Caller caller, HttpContext context, IGrainFactory grains)
    {
        if (await caller.VerifyAsync(grains) is { } refusal)
        {
            return Problems.From(refusal);
        }

        var hotkey = body.Hotkey ?? Hotkeys.Of(caller.Identity, caller.RequireSigned().KeyId);
        var given = await AskAsync(netuid, grains, subnet => subnet.ChallengeAsync(caller.OperationId(context), new ChallengeNode(caller.Identity, hotkey, body.Node)));
        return given.IsOk ? TypedResults.Ok(ChallengeResponse.Of(given.Value)) : Problems.From(given.Refusal);
    }

    /// <summary>How it goes.</summary>
    public static async Task<IResult> GetChallengeAsync(string netuid, string node, IGrainFactory grains)
    {
        var given = await AskAsync(netuid, grains, subnet => subnet.GetChallengeAsync(node));
        return given.IsOk ? TypedResults.Ok(ChallengeResponse.Of(given.Value)) : Problems.From(given.Refusal);
    }

    /// <summary>Registers.</summary>
    public static async Task<IResult> RegisterAsync(string netuid, RegisterNeuronRequest body, Caller caller, HttpContext context, IGrainFactory grains, IKeyDirectory keys)
    {
        var hotkey = body.Hotkey ?? Hotkeys.Of(caller.Identity, caller.RequireSigned().KeyId);
        var proof = body.Node is { } node ? new HardwareProof(node, body.Challenge ?? "") : null;
        if ((await caller.VerifyAsync(grains) ?? await WhyNotKeyAsync(hotkey, caller, keys)) is { } refusal)
        {
            return Problems.From(refusal);
        }

        return await AnswerAsync(netuid, grains, subnet => subnet.RegisterAsync(caller.OperationId(context), new RegisterNeuron(caller.Identity, hotkey, body.MaxPrice, proof)));
    }

    /// <summary>Sets weights.</summary>
    public static Task<IResult> SetWeightsAsync(string netuid, WeightsRequest body, Caller caller, HttpContext context, IGrainFactory grains) => AsHotkeyAsync(
        netuid, body.Hotkey, caller, grains, "weights", (subnet, hotkey) => subnet.SetWeightsAsync(caller.OperationId(context), new SetWeights(caller.Identity, hotkey, body.Uids, body.Values, body.VersionKey)));

    /// <summary>Commits.</summary>
    public static Task<IResult> CommitAsync(string netuid, CommitWeightsRequest body, Caller caller, HttpContext context, IGrainFactory grains) => AsHotkeyAsync(
        netuid, body.Hotkey, caller, grains, "weights", (subnet, hotkey) => subnet.CommitWeightsAsync(caller.OperationId(context), new CommitWeights(caller.Identity, hotkey, body.Hash)));

    /// <summary>Reveals.</summary>
    public static Task<IResult> RevealAsync(string netuid, RevealWeightsRequest body, Caller caller, HttpContext context, IGrainFactory grains) => AsHotkeyAsync(
        netuid, body.Hotkey, caller, grains, "weights", (subnet, hotkey) => subnet.RevealWeightsAsync(caller.OperationId(context), new RevealWeights(new SetWeights(caller.Identity, hotkey, body.Uids, body.Values, body.VersionKey), body.Salt)));

    /// <summary>Announces.</summary>
    public static Task<IResult> AxonAsync(string netuid, AxonRequest body, Caller caller, HttpContext context, IGrainFactory grains) => AsHotkeyAsync(
        netuid, body.Hotkey, caller, grains, "axon", (subnet, hotkey) => subnet.ServeAxonAsync(caller.OperationId(context), new ServeAxon(caller.Identity, hotkey, body.Endpoint, body.Node, body.Models ?? [], body.Version, body.Lease, body.Replica)));

    internal static ISubnetRegistryGrain Registry(IGrainFactory grains) => grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);

    /// <summary>What a hotkey does: signed by it or by an owner key of its identity, which is checked where the keys of record are.</summary>
    private static async Task<IResult> AsHotkeyAsync<T>(string netuid, string? hotkey, Caller caller, IGrainFactory grains, string feature, Func<ISubnetGrain, string, Task<Result<T>>> ask)
    {
        var signer = caller.RequireSigned();
        var acting = hotkey ?? Hotkeys.Of(caller.Identity, signer.KeyId);
        if (!Hotkeys.MaySign(acting, signer))
        {
            return Problems.From(Refusal.Of($"{feature}.not_owner", "a hotkey acts by its own signature or by that of an owner key of its identity", ("error", "NonAssociatedColdKey"), ("signer", Hotkeys.Of(caller.Identity, signer.KeyId))));
        }

        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(signer.Request, KeyRoles.Any);
        return verified.IsOk ? await AnswerAsync(netuid, grains, subnet => ask(subnet, acting)) : Problems.From(verified.Refusal);
    }

    private static async Task<Refusal?> WhyNotKeyAsync(string hotkey, Caller caller, IKeyDirectory keys)
    {
        if (!Hotkeys.TryParse(hotkey, out var coldkey, out var key))
        {
            return Refusal.Of("registration.hotkey_invalid", "a hotkey is a key of an identity, id_…/key_…");
        }

        return coldkey != caller.Identity ? Refusal.Of("registration.not_owner", "another coldkey owns this hotkey", ("error", "NonAssociatedColdKey"))
            : (await keys.FindAsync(coldkey, fresh: true))?.Find(key) is { RevokedAt: null } ? null
            : Refusal.Of("registration.hotkey_unknown", $"{coldkey} has no valid key {key}: add it first", ("key", key));
    }

    private static async Task<Result<T>> AskAsync<T>(string netuid, IGrainFactory grains, Func<ISubnetGrain, Task<Result<T>>> ask) =>
        netuid.Length <= 5 && ushort.TryParse(netuid, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && netuid[0] != '0'
            ? await ask(grains.GetGrain<ISubnetGrain>(number))
            : Refusal.Of("subnet.not_found", "a subnet is a number from 1 on");

    private static async Task<IResult> AnswerAsync<T>(string netuid, IGrainFactory grains, Func<ISubnetGrain, Task<Result<T>>> ask)
    {
        var answer = await AskAsync(netuid, grains, ask);
        return answer.IsOk ? TypedResults.Ok(answer.Value) : Problems.From(answer.Refusal);
    }
}

/// <summary>A uid somewhere.</summary>
public sealed record NeuronPlace(int Netuid, int Uid, string Hotkey, string Coldkey, long RegisteredAt, string? Node)
{
    internal static NeuronPlace Of(NeuronState n) => new(n.Netuid, n.Uid, n.Hotkey, n.Coldkey, n.RegisteredAt, n.Node);
}
