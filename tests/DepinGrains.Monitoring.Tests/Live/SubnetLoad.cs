using System.Net.Http.Headers;
using System.Text;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Subnets;
using DepinGrains.Gateway.Tests.Subnets.Serving;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Monitoring.Tests.Live;

/// <summary>A subnet with an owner who stakes and weighs, a newcomer who mines, epochs, and inference that the owner pays for.</summary>
internal sealed class SubnetLoad(string url, ApiClient owner, ApiClient newcomer) : IAsyncDisposable
{
    private const ushort Netuid = 1;

    /// <summary>Blocks of 12 s from the start of the network to the first epoch of its first subnet: time enough to open it on a slow machine. From then on its tempo is what the owner asks for.</summary>
    private const ulong BlocksBefore = 8;

    private SampleMiner? _miner;
    private HttpClient? _caller;
    private int _uid;

    /// <summary>The setting that puts the network's start where the first epoch comes soon.</summary>
    public static string[] Genesis
    {
        get
        {
            var tempo = new SubnetHyperparameters().Tempo;
            var age = 0UL;
            while (SubnetSchedule.BlocksUntilEpoch(Netuid, tempo, age) != BlocksBefore)
            {
                age++;
            }

            return ["--Network:Genesis", TimeProvider.System.GetUtcNow().AddSeconds(-(double)age * TaoEmission.BlockSeconds).ToString("O")];
        }
    }

    /// <summary>Opens it; before the first epoch.</summary>
    public async Task OpenAsync()
    {
        foreach (var person in (ApiClient[])[owner, newcomer])
        {
            await OkAsync(person, "/v1/ledgers/rao/faucet", """{"amount":1000000000000}""");
        }

        var made = await OkAsync(owner, "/v1/subnets", """{"name":"echo","task":"deterministic"}""");
        Assert.Equal(Netuid, (int)made.Json["netuid"]!);
        foreach (var (name, value) in ((string, string)[])[("tempo", "1"), ("max_regs_per_block", "10"), ("target_regs_per_interval", "10"), ("weights_rate_limit", "0")])
        {
            await OkAsync(owner, $"/v1/subnets/{Netuid}/hyperparameters/{name}", $$"""{"value":"{{value}}"}""");
        }

        await OkAsync(owner, Stake(owner) + "/add", """{"amount":1000000000}""");
        var own = (int)(await OkAsync(owner, $"/v1/subnets/{Netuid}/register", "{}")).Json["uid"]!;

        // Only of itself may a uid tell without the permit that the first epoch gives.
        await OkAsync(owner, Weights, $$"""{"uids":[{{own}}],"values":[1]}""");
        _uid = (int)(await OkAsync(newcomer, $"/v1/subnets/{Netuid}/register", "{}")).Json["uid"]!;
        _miner = await SampleMiner.StartAsync();
        await OkAsync(newcomer, $"/v1/subnets/{Netuid}/axon", $$"""{"endpoint":"{{_miner.Address}}"}""");
        var key = (string)(await OkAsync(owner, $"/v1/identities/{owner.Id}/api-keys", $$"""{"name":"inference","scopes":["inference:write"],"expiresAt":"{{TimeProvider.System.GetUtcNow().AddDays(1):O}}"}""")).Json["key"]!;
        _caller = new HttpClient { BaseAddress = new Uri(url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
    }

    /// <summary>One of everything.</summary>
    public async Task RoundAsync()
    {
        using var answer = await _caller!.PostAsync("/v1/openai/chat/completions", new StringContent("""{"model":"subnet-1","messages":[{"role":"user","content":"question"}]}""", Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();

        // The first epoch permits everybody here to validate; who has that and no incentive is no miner, until the owner's weights count at the next.
        Assert.True(answer.IsSuccessStatusCode || text.Contains("inference.miners_unavailable", StringComparison.Ordinal), text);
        await OkAsync(owner, Stake(owner) + "/add", """{"amount":1000000}""");
        var weighed = await owner.CommandAsync(Weights, $$"""{"uids":[{{_uid}}],"values":[1]}""");
        Assert.True(weighed.IsSuccess || weighed.Status < 500, weighed.Body);
    }

    public async ValueTask DisposeAsync()
    {
        _caller?.Dispose();
        if (_miner is not null)
        {
            await _miner.DisposeAsync();
        }
    }

    private static string Weights => $"/v1/subnets/{Netuid}/weights";

    private static string Stake(ApiClient who) => $"/v1/staking/rao/hotkeys/{who.Hotkey}";

    private static async Task<ApiAnswer> OkAsync(ApiClient api, string path, string body)
    {
        var answer = await api.CommandAsync(path, body);
        Assert.True(answer.IsSuccess, $"{path}: {answer.Status} {answer.Body}");
        return answer;
    }
}
