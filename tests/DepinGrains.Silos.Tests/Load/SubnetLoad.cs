using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>
/// A subnet that lives fast: an epoch every two seconds, which silos run by themselves, a validator that weighs two miners anew, and delegators who add to and take from its stake all the time. Epochs are credits
/// to the same accounts, so a payment or a movement that is lost or doubled shows in the book of it: <see cref="SubnetAudit"/>.
/// </summary>
internal sealed class SubnetLoad : IDisposable
{
    public const string Token = "rao";
    public const long Tao = 1_000_000_000;
    public const int Netuid = 1;
    private const long Faucet = 1_000 * Tao;
    private const long OwnStake = 100 * Tao;

    /// <summary>More than the least stake of a delegator: taking out never takes all.</summary>
    private const long Base = 10 * Tao;

    private const int Delegators = 3;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan WeightsEvery = TimeSpan.FromSeconds(3);
    private readonly Person _owner;
    private readonly Person _validator;
    private readonly Person[] _miners;
    private readonly Person[] _delegators;
    private readonly long[] _staked = new long[Delegators];
    private readonly Lock _gate = new();

    private SubnetLoad(SiloNetwork network, SigningKey ownerKey)
    {
        _owner = new Person(network.Addresses, 300, ownerKey);
        (_validator, _miners) = (new Person(network.Addresses, 301), [new Person(network.Addresses, 302), new Person(network.Addresses, 303)]);
        _delegators = [.. Enumerable.Range(0, Delegators).Select(i => new Person(network.Addresses, 310 + i))];
    }

    public IEnumerable<Person> People => [_owner, _validator, .. _miners, .. _delegators];

    /// <summary>Stake added or taken out, as acknowledged.</summary>
    public int Moves { get; private set; }

    /// <summary>Weights that were accepted.</summary>
    public int Weights { get; private set; }

    /// <summary>All that the faucet gave, rao.</summary>
    public long Given => Faucet * (1 + 1 + _miners.Length + Delegators);

    /// <summary>Prices of uids, rao.</summary>
    public long Recycled { get; private set; }

    /// <summary>The owner's own stake on the hotkey, what it was paid aside.</summary>
    public static long OwnerStaked => OwnStake;

    public string OwnerIdentity => _owner.Identity;

    /// <summary>Hotkeys by uid: the validator's first.</summary>
    public IReadOnlyList<string> Uids => [.. _miners.Prepend(_validator).Select(HotkeyOf)];

    /// <summary>What every delegator has put in less what he took out, by identity.</summary>
    public IReadOnlyList<(string Identity, long Staked)> Staked => [.. _delegators.Select((d, i) => (d.Identity, _staked[i]))];

    public static long FaucetEach => Faucet;

    /// <summary>Settings of silos under which a subnet is opened at once and an epoch is two seconds.</summary>
    public static IReadOnlyDictionary<string, string> Settings(SigningKey owner) => new Dictionary<string, string>
    {
        ["Network__TaoBlockTime"] = "00:00:00.1",
        ["Subnets__MinLock"] = "1000000000",
        ["Identities__OperatorKeys__0"] = owner.KeyId,
    };

    public static async Task<SubnetLoad> OpenAsync(SiloNetwork network, SigningKey ownerKey)
    {
        var load = new SubnetLoad(network, ownerKey);
        await load._owner.RegisterAsync("tenant", "operator");
        foreach (var person in load.People.Skip(1))
        {
            await person.RegisterAsync("tenant");
        }

        foreach (var person in load.People)
        {
            await DoneAsync(person, $"/v1/ledgers/{Token}/faucet", new { amount = Faucet });
        }

        // Stake may leave again at once: an epoch here is shorter than the hour it would stay.
        await DoneAsync(load._owner, "/v1/network/parameters", new { name = $"staking.hold_seconds.{Token}", value = 0 });
        await DoneAsync(load._owner, "/v1/subnets", new { name = "fast", task = "deterministic" });
        foreach (var (name, value) in ((string, string)[])[("max_regs_per_block", "10"), ("target_regs_per_interval", "10"), ("weights_rate_limit", "0"), ("tempo", "19")])
        {
            await load.SetAsync(name, value);
        }

        foreach (var person in load._miners.Prepend(load._validator))
        {
            load.Recycled += (await DoneAsync(person, $"/v1/subnets/{Netuid}/register", new { }))["price"]!.GetValue<long>();
        }

        await DoneAsync(load._validator, load.Stake("add"), new { amount = OwnStake });
        await DoneAsync(load._validator, load.Stake("terms"), new { isDelegate = true });
        for (var at = 0; at < Delegators; at++)
        {
            await load.AddAsync(at, Base);
        }

        return load;
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Delegators).Select(at => DelegateAsync(at, stop)).Append(ValidateAsync(stop)));

    /// <summary>No more epochs: the last ones are done and paid when this answers.</summary>
    public async Task EndAsync()
    {
        await SetAsync("tempo", "0");
        await Eventually.TrueAsync("the last epoch", async () => (await _owner.ReadAsync($"/v1/subnets/{Netuid}"))["hyperparameters"]!["tempo"]!.GetValue<int>() == 0, 60);
    }

    /// <summary>All of TAO there is, as the API says it.</summary>
    public async Task<long> SupplyAsync() => (await _owner.ReadAsync("/v1/ledgers")).AsArray().Single(static t => (string)t!["token"]! == Token)!["supply"]!.GetValue<long>();

    public void Dispose()
    {
        foreach (var person in People)
        {
            person.Dispose();
        }
    }

    private static string HotkeyOf(Person person) => Hotkeys.Of(person.Identity, person.Key.KeyId);

    private static async Task<JsonNode> DoneAsync(Person person, string path, object body)
    {
        var (status, answer) = await person.SendAsync(HttpMethod.Post, path, body, CancellationToken.None);
        Assert.True(status is >= 200 and < 300, $"{path} was answered {status} {answer?.ToJsonString()}");
        return answer!;
    }

    private string Stake(string verb) => $"/v1/staking/{Token}/hotkeys/{HotkeyOf(_validator)}/{verb}";

    private Task<JsonNode> SetAsync(string name, string value) => DoneAsync(_owner, $"/v1/subnets/{Netuid}/hyperparameters/{name}", new { value });

    private async Task AddAsync(int at, long amount)
    {
        await DoneAsync(_delegators[at], Stake("add"), new { amount });
        Moved(at, amount);
    }

    private async Task DelegateAsync(int at, CancellationToken stop)
    {
        var random = new Random(at);
        while (!stop.IsCancellationRequested)
        {
            var amount = random.NextInt64(Tao / 10, 5 * Tao);
            if (_staked[at] - amount < Base || (random.Next(2) == 0 && _staked[at] + amount < Faucet / 2))
            {
                await AddAsync(at, amount);
            }
            else
            {
                // Until every silo has read that stake is not held, one may still hold it: refused, nothing moved.
                var (status, answer) = await _delegators[at].SendAsync(HttpMethod.Post, Stake("remove"), new { amount }, CancellationToken.None);
                Assert.True(status is >= 200 and < 300 || (string?)answer?["code"] == "staking.held", $"removal was answered {status} {answer?.ToJsonString()}");
                if (status is >= 200 and < 300)
                {
                    Moved(at, -amount);
                }
            }

            await Eventually.PauseAsync(Pace);
        }
    }

    /// <summary>Weights change with every setting; before the first epoch gives the permit they are refused.</summary>
    private async Task ValidateAsync(CancellationToken stop)
    {
        var random = new Random(17);
        while (!stop.IsCancellationRequested)
        {
            var (status, _) = await _validator.SendAsync(HttpMethod.Post, $"/v1/subnets/{Netuid}/weights", new { uids = (int[])[1, 2], values = (int[])[random.Next(1, 65_535), random.Next(1, 65_535)] }, CancellationToken.None);
            Weights += status == 200 ? 1 : 0;
            await Eventually.PauseAsync(WeightsEvery);
        }
    }

    private void Moved(int at, long amount)
    {
        lock (_gate)
        {
            _staked[at] += amount;
            Moves++;
        }
    }
}
