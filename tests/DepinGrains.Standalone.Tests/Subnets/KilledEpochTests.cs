using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains;
using DepinGrains.Grains.Subnets;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Subnets;

/// <summary>
/// kill -9 of the whole host in the middle of epochs: it dies the moment an epoch is heard of, which is between the commit that decides it and the one that says it is paid, and while it catches up with epochs it slept
/// through. Whatever was cut short, each epoch is there once and paid once.
/// </summary>
public sealed class KilledEpochTests : IDisposable
{
    private const ushort Tempo = 9;

    /// <summary>How often it must have died with an epoch decided and not known to be paid; and after how many kills that is given up.</summary>
    private const int Hits = 3;
    private const int KillsMax = 40;

    private readonly string _folder = Directory.CreateTempSubdirectory("depin-epochs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Sqlite_pays_each_epoch_once() => RunAsync(new StoreOptions { Kind = "sqlite", Connection = Path.Combine(_folder, "standalone", "depin.db") });

    [Fact]
    public async Task PostgreSql_pays_each_epoch_once()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        var connection = await (await PostgresCluster.SharedAsync()).NewDatabaseAsync();
        await RunAsync(new StoreOptions { Kind = "postgres", Connection = connection }, "--Store:Kind", "postgres", "--Store:Connection", connection);
    }

    private async Task RunAsync(StoreOptions store, params string[] settings)
    {
        // The first epoch, of the tempo a subnet is opened with, ends some seconds after the start.
        var genesis = DateTimeOffset.UtcNow.AddSeconds(-20).ToString("O", CultureInfo.InvariantCulture);
        await using var standalone = new StandaloneProcess(
            Path.Combine(_folder, "standalone"),
            ["--Standalone:Agent", "false", "--Network:TaoBlockTime", "00:00:00.1", "--Network:Genesis", genesis, "--Subnets:CreateRateLimit", "0", "--Subnets:EpochsPerCall", "7", .. settings]);
        await standalone.StartAsync();
        using var one = await TrialNet.OpenAsync(standalone.Url, "one", Tempo);
        using var two = await TrialNet.OpenAsync(standalone.Url, "two", Tempo);
        await one.SpeakAsync();
        await two.SpeakAsync();
        var (random, hits, kills) = (new Random(7), 0, 0);
        while (hits < Hits || kills < 2 * Hits)
        {
            Assert.True(kills < KillsMax, $"{kills} kills met {hits} epochs");
            await using (var heard = new EpochEvents(standalone.Url, kills % 3 == 0 ? two.Netuid : one.Netuid, random.Next(1, 12)))
            {
                await heard.Reached.WaitAsync(TimeSpan.FromMinutes(2));
                await standalone.KillAsync();
            }

            kills++;
            hits += await UnpaidAsync(store, one.Netuid, two.Netuid);
            await standalone.StartAsync();
        }

        await one.StopAsync();
        await two.StopAsync();
        var (first, second) = (await one.AuditAsync(), await two.AuditAsync());
        Assert.True(first.Epochs > kills && second.Epochs > kills, $"{first.Epochs} and {second.Epochs} epochs");
        await SupplyAsync(one, two, first, second);
    }

    /// <summary>Subnets whose last epoch was decided and not known to be paid when the host died.</summary>
    private static async Task<int> UnpaidAsync(StoreOptions options, params int[] netuids)
    {
        await using var store = StoreRegistration.Open(options, MarketServices.Tables);
        var unpaid = 0;
        foreach (var netuid in netuids)
        {
            unpaid += (await store.Rows.ReadChildrenAsync(PaymentRow.Kind.Table.Kind, SubnetState.Key(netuid), null, 10)).Length;
        }

        return unpaid;
    }

    /// <summary>What is there is what the faucet gave and blocks issued, less what registrations recycled and rounding left; the ledger's own audit agrees. (What the emission itself says came back is less: it sees issuance alone, and the faucet gave between.)</summary>
    private static async Task SupplyAsync(TrialNet one, TrialNet two, TrialNet.Sums first, TrialNet.Sums second)
    {
        var emission = await one.Owner.GetAsync("/v1/emissions/TAO");
        var pending = emission["subnets"]!.AsArray().Sum(static s => (long)s!["pending"]!);
        var (drawn, dust) = (first.Drawn + second.Drawn, first.Dust + second.Dust);
        Assert.Equal((long)emission["emitted"]!, drawn + pending);
        Assert.Equal((long)emission["issuance"]!, one.Minted + two.Minted + drawn + pending - dust - one.Recycled - two.Recycled);
        var supply = (await one.Owner.GetAsync("/v1/ledgers")).AsArray().Single(static t => (string?)t!["token"] == "rao")!;

        // The ledger is told of blocks when something settles them; no subnet's epochs do any more.
        Assert.Equal(0, ((long)emission["issuance"]! - (long)supply["supply"]!) % (long)emission["perBlock"]!);
        Assert.Empty((await one.Owner.GetAsync("/v1/ledgers/rao/audit"))["problems"]!.AsArray());
    }
}

/// <summary>A subnet of three: owner, validator, miner.</summary>
internal sealed class TrialNet : IDisposable
{
    private const long Tao = 1_000_000_000;
    private const long Staked = 100 * Tao;

    private readonly ApiClient _validator;
    private readonly ApiClient _miner;
    private readonly ushort _tempo;
    private long _ownerHad;

    private TrialNet(string url, ushort tempo) => (Owner, _validator, _miner, _tempo) = (new ApiClient(url), new ApiClient(url), new ApiClient(url), tempo);

    public ApiClient Owner { get; }

    public int Netuid { get; private set; }

    /// <summary>Rao the faucet gave its people.</summary>
    public long Minted { get; private set; }

    /// <summary>Rao its uids cost.</summary>
    public long Recycled { get; private set; }

    public static async Task<TrialNet> OpenAsync(string url, string name, ushort tempo)
    {
        var net = new TrialNet(url, tempo);
        foreach (var person in (ApiClient[])[net.Owner, net._validator, net._miner])
        {
            Assert.Equal(201, (await person.RegisterAsync()).Status);
            await DoneAsync(person, "/v1/ledgers/rao/faucet", $$"""{"amount":{{200 * Tao}}}""");
            net.Minted += 200 * Tao;
        }

        net.Netuid = (int)(await DoneAsync(net.Owner, "/v1/subnets", $$"""{"name":"{{name}}","task":"deterministic"}"""))["netuid"]!;
        foreach (var (parameter, value) in ((string, string)[])[("max_regs_per_block", "10"), ("target_regs_per_interval", "10"), ("activity_cutoff", "10000000"), ("tempo", tempo.ToString(CultureInfo.InvariantCulture))])
        {
            await net.SetAsync(parameter, value);
        }

        net._ownerHad = (long)(await net.Owner.GetAsync("/v1/ledgers/rao/balance"))["posted"]!;
        foreach (var person in (ApiClient[])[net._validator, net._miner])
        {
            net.Recycled += (long)(await DoneAsync(person, $"/v1/subnets/{net.Netuid}/register", "{}"))["price"]!;
        }

        await DoneAsync(net._validator, $"/v1/staking/TAO/hotkeys/{net._validator.Hotkey}/add", $$"""{"amount":{{Staked}}}""");
        return net;
    }

    /// <summary>The validator weighs the miner, once an epoch gave it the permit.</summary>
    public Task SpeakAsync() => Programs.EventuallyAsync("weights are taken", async () =>
        (await _validator.CommandAsync($"/v1/subnets/{Netuid}/weights", """{"uids":[1],"values":[1]}""")) is { IsSuccess: true } ? "set" : null);

    /// <summary>Ends its epochs: what they paid stands still.</summary>
    public async Task StopAsync()
    {
        await SetAsync("tempo", "0");
        await Programs.EventuallyAsync("the last epoch", async () => (await Owner.GetAsync($"/v1/subnets/{Netuid}/price")) is not null && (await Owner.GetAsync($"/v1/subnets/{Netuid}"))["nextEpochBlock"] is null ? "over" : null);
    }

    /// <summary>The history has each epoch once, in its block, and everybody has what it says they were paid.</summary>
    public async Task<Sums> AuditAsync()
    {
        var (epochs, tempo) = (await HistoryAsync(), new SubnetHyperparameters().Tempo);
        long Next(long block, int length) => block + 1 + length - ((block + Netuid + 2) % (length + 1));
        for (var n = 0; n < epochs.Count; n++)
        {
            Assert.Equal(n, (long)epochs[n]["epoch"]!);
            Assert.Equal((long)epochs[n]["drawn"]!, (long)epochs[n]["ownerCut"]! + (long)epochs[n]["paid"]! + (long)epochs[n]["dust"]!);
            if (n > 0)
            {
                // Each ends in the first block of the tempo after the one before, shifted by the subnet's number; the tempo it was opened with holds until an epoch ends after it was changed.
                var (before, block) = ((long)epochs[n - 1]["block"]!, (long)epochs[n]["block"]!);
                if (tempo != _tempo && block != Next(before, tempo))
                {
                    tempo = _tempo;
                }

                Assert.Equal((n, Next(before, tempo)), (n, block));
            }
        }

        long Sum(string column) => epochs.Sum(e => (long)e[column]!);
        Assert.Equal(Staked + Sum("paid"), await StakeAsync(_validator) + await StakeAsync(_miner));
        Assert.Equal(_ownerHad + Sum("ownerCut"), (long)(await Owner.GetAsync("/v1/ledgers/rao/balance"))["posted"]!);
        Assert.True(await StakeAsync(_miner) > 0, "the miner earned nothing");
        return new Sums(epochs.Count, Sum("drawn"), Sum("dust"));
    }

    public void Dispose()
    {
        Owner.Dispose();
        _validator.Dispose();
        _miner.Dispose();
    }

    private async Task<List<JsonNode>> HistoryAsync()
    {
        var (all, cursor) = (new List<JsonNode>(), "");
        do
        {
            var page = await Owner.GetAsync($"/v1/subnets/{Netuid}/epochs?limit=200{cursor}");
            all.AddRange(page["items"]!.AsArray().Select(static e => e!));
            cursor = (string?)page["nextCursor"] is { } next ? "&cursor=" + Uri.EscapeDataString(next) : null;
        }
        while (cursor is not null);

        all.Reverse();
        return all;
    }

    private static async Task<long> StakeAsync(ApiClient person) => (await person.GetAsync($"/v1/staking/TAO/hotkeys/{person.Hotkey}")) is var view ? (long)view["own"]! + (long)view["delegated"]! : 0;

    private async Task SetAsync(string parameter, string value) => await DoneAsync(Owner, $"/v1/subnets/{Netuid}/hyperparameters/{parameter}", $$"""{"value":"{{value}}"}""");

    /// <summary>A command that must come through, however far behind the subnet is.</summary>
    private static Task<JsonNode> DoneAsync(ApiClient who, string path, string body) => Programs.EventuallyAsync($"POST {path}", async () =>
    {
        var answer = await who.CommandAsync(path, body);
        Assert.True(answer.IsSuccess || answer.Code is "subnet.catching_up", $"POST {path}: {answer.Status} {answer.Body}");
        return answer.IsSuccess ? answer.Json : null;
    });

    /// <summary>What the epochs came to.</summary>
    internal readonly record struct Sums(int Epochs, long Drawn, long Dust);
}

/// <summary>Listens to one subnet's events, and has its epochs run, until so many were heard of.</summary>
internal sealed class EpochEvents : IAsyncDisposable
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _http;
    private readonly Task _listening;
    private int _left;

    public EpochEvents(string url, int netuid, int count)
    {
        (_http, _left) = (new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) }, count);
        _listening = ListenAsync(netuid);
    }

    /// <summary>Completed at the moment the last of them was heard of.</summary>
    public Task Reached => _reached.Task;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async Task ListenAsync(int netuid)
    {
        using var answer = await _http.GetAsync(new Uri($"/v1/events?topic=subnet/{netuid}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        await reader.ReadLineAsync();
        var asking = AskAsync(netuid);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line == "event: subnet.epoch" && --_left == 0)
            {
                _reached.SetResult();
            }
        }

        await asking;
    }

    /// <summary>Any question about its price has the subnet do what is due.</summary>
    private async Task AskAsync(int netuid)
    {
        while (!_reached.Task.IsCompleted)
        {
            using var answer = await _http.GetAsync(new Uri($"/v1/subnets/{netuid}/price", UriKind.Relative));
        }
    }
}
