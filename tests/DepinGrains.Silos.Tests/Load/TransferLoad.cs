using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>
/// People who send each other money all the time, and a book of what must come out of it. Every command is pursued to its answer, so that the book is exact: a lost transfer, or one that
/// counted twice, shows in a balance.
/// </summary>
internal sealed class TransferLoad(IReadOnlyList<Person> people, Timeline timeline, int seed)
{
    public const long Start = 1_000_000;
    private const string Token = "uakt";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(120);
    private readonly long[] _expected = [.. people.Select(static _ => Start)];
    private readonly Lock _gate = new();

    public int Acknowledged { get; private set; }

    public static async Task FundAsync(Person person)
    {
        await person.RegisterAsync("tenant");
        var (status, body) = await person.SendAsync(HttpMethod.Post, $"/v1/ledgers/{Token}/faucet", new { amount = Start });
        Assert.True(status == 200, $"faucet: {status} {body?.ToJsonString()}");
    }

    /// <summary>Until told to stop; then what is under way is pursued to its end.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(people.Select((_, at) => LoopAsync(at, stop)));

    /// <summary>What is wrong with the balances; nothing when all is well.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync()
    {
        var wrong = new List<string>();
        for (var at = 0; at < people.Count; at++)
        {
            var balance = (await people[at].ReadAsync($"/v1/ledgers/{Token}/balance"))["available"]?.GetValue<long>();
            if (balance != _expected[at])
            {
                wrong.Add($"wallet {at} holds {balance}, the acknowledged transfers make {_expected[at]}");
            }

            wrong.AddRange(people[at].Contradictions);
        }

        return wrong;
    }

    private async Task LoopAsync(int at, CancellationToken stop)
    {
        var random = new Random(seed + at);
        while (!stop.IsCancellationRequested)
        {
            var to = (at + 1 + random.Next(people.Count - 1)) % people.Count;
            var amount = random.NextInt64(1, 100);
            var began = timeline.Now;
            var (status, body) = await people[at].SendAsync(HttpMethod.Post, $"/v1/ledgers/{Token}/transfers", new { to = people[to].Identity, amount }, CancellationToken.None);
            Assert.True(status == 200, $"a transfer was answered {status} {body?.ToJsonString()}");
            timeline.Done(began, at);
            lock (_gate)
            {
                _expected[at] -= amount;
                _expected[to] += amount;
                Acknowledged++;
            }

            await Eventually.PauseAsync(Pace);
        }
    }
}
