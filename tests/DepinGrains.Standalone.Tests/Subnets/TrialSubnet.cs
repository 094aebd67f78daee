using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Standalone.Tests.Subnets;

[assembly: Xunit.AssemblyFixture(typeof(TrialSubnet))]

namespace DepinGrains.Standalone.Tests.Subnets;

/// <summary>
/// A network with one subnet that has lived through some epochs: a miner that answers right (uid 0), one that answers wrong (uid 1), a validator (uid 2), each a process of <c>depin</c>. The validator has been killed
/// once its weights had been paid for. Made when the first test asks.
/// </summary>
public sealed class TrialSubnet : IAsyncDisposable
{
    private readonly SemaphoreSlim _once = new(1, 1);
    private readonly List<IAsyncDisposable> _running = [];
    private StandaloneProcess? _standalone;
    private Seen? _seen;

    internal string Folder { get; } = Directory.CreateTempSubdirectory("depin-subnet-").FullName;

    internal string Url => _standalone!.Url;

    internal TrialModel GoodModel { get; } = new(ModelManner.Right);

    internal TrialModel BadModel { get; } = new(ModelManner.Wrong);

    internal ServiceProcess Good { get; private set; } = null!;

    /// <summary>Command line of the good miner; a second start announces nothing new.</summary>
    internal string[] GoodLine { get; private set; } = [];

    /// <summary>What there was to see while the validator was at work.</summary>
    internal async Task<Seen> ReadyAsync()
    {
        await _once.WaitAsync();
        try
        {
            return _seen ??= await StartAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    internal Depin Person(string name) => new(Url, KeyFile(name));

    internal string KeyFile(string name) => Path.Combine(Folder, name + ".pem");

    internal string StateFile => KeyFile("validator") + ".validator-1.json";

    /// <summary>A process of <c>depin</c> that lives as long as the network.</summary>
    internal ServiceProcess Run(string person, params string[] line)
    {
        var process = new ServiceProcess(Url, KeyFile(person), line);
        _running.Add(process);
        return process;
    }

    /// <summary>A validator as this network's tests run it. The time a miner has is long: a busy machine must not make a good one bad.</summary>
    internal ServiceProcess RunValidator() => Run("validator", "validator", "run", "--netuid", "1", "--every", "0.5", "--timeout", "60", "--weights-every", "0", "--allow-private");

    /// <summary>A miner's command line with an address of its own.</summary>
    internal static string[] MinerLine(TrialModel? model) =>
        ["miner", "run", "--netuid", "1", "--listen", $"http://127.0.0.1:{Programs.FreePort()}", .. model is null ? (string[])[] : ["--upstream", model.Address, "--model", "trial"]];

    /// <summary>Money and a uid.</summary>
    internal async Task<int> RegisterAsync(string person)
    {
        await Person(person).RunAsync("faucet", "500", "TAO");
        return (int)(await Person(person).JsonAsync("subnet", "register", "1"))["uid"]!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running)
        {
            await process.DisposeAsync();
        }

        if (_standalone is not null)
        {
            await _standalone.DisposeAsync();
        }

        await GoodModel.DisposeAsync();
        await BadModel.DisposeAsync();
        _once.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<Seen> StartAsync()
    {
        // No agent: the network must be known to its miners without one. No exploration: which miner is asked is what the tests look at.
        _standalone = new StandaloneProcess(Path.Combine(Folder, "standalone"), "--Standalone:Agent", "false", "--Network:TaoBlockTime", "00:00:00.1", "--Serving:ExploreBasisPoints", "0", "--Serving:Tries", "4", "--Serving:ReportEvery", "00:00:01");
        await _standalone.StartAsync();
        await OpenAsync();
        foreach (var (person, uid) in ((string, int)[])[("good", 0), ("bad", 1), ("validator", 2)])
        {
            Assert.Equal(uid, await RegisterAsync(person));
        }

        var validator = RunValidator();
        await validator.SaysAsync("that it has no permit", static l => Is(l, "waiting") && ((string)l["problem"]!).Contains("permit", StringComparison.Ordinal));
        await Person("validator").RunAsync("stake", "add", "100");
        GoodLine = MinerLine(GoodModel);
        Good = Run("good", GoodLine);
        var bad = Run("bad", MinerLine(BadModel));
        await Good.SaysAsync("the good miner announced itself", static l => Is(l, "announced"));
        await bad.SaysAsync("the bad miner announced itself", static l => Is(l, "announced"));
        var set = await validator.SaysAsync("weights", static l => Is(l, "weights"), 180);
        var metagraph = await Programs.EventuallyAsync("an epoch with these weights", async () =>
            (await Person("owner").JsonAsync("subnet", "metagraph", "1")) is var graph && (int)graph["incentive"]![0]! > 0 && (int)graph["dividends"]![2]! > 0 ? graph : null);
        var seen = new Seen(
            set, metagraph, await Person("owner").JsonAsync("subnet", "weights", "show", "1", "2"), (await Person("owner").JsonAsync("subnet", "epochs", "1")).AsArray(),
            await StakeAsync("good"), await StakeAsync("bad"), await StakeAsync("validator"));
        Assert.DoesNotContain(validator.Lines(), static l => Is(l, "refused"));
        await validator.KillAsync();
        return seen;
    }

    private async Task OpenAsync()
    {
        await Person("owner").RunAsync("faucet", "10", "TAO");
        Assert.Equal(1, (int)(await Person("owner").JsonAsync("subnet", "create", "trial", "--task", "deterministic"))["netuid"]!);
        foreach (var (name, value) in ((string, string)[])[("tempo", "60"), ("weights_rate_limit", "20"), ("serving_rate_limit", "0"), ("max_regs_per_block", "10"), ("target_regs_per_interval", "10")])
        {
            await Person("owner").RunAsync("subnet", "set", "1", name, value);
        }
    }

    /// <summary>Rao staked on a person's own hotkey.</summary>
    private async Task<long> StakeAsync(string person) => (await Person(person).JsonAsync("stake", "list")).AsArray().Sum(static s => (long)s!["stake"]!);

    private static bool Is(JsonNode line, string what) => (string?)line["event"] == what;

    /// <summary>A subnet at work.</summary>
    internal sealed record Seen(JsonNode WeightsEvent, JsonNode Metagraph, JsonNode Weights, JsonArray Epochs, long GoodStake, long BadStake, long ValidatorStake);
}
