using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>What <c>depin</c> pays where its user names no bound: what he saw and a tenth, however the price moves meanwhile.</summary>
public sealed class PriceBoundTests
{
    private const string Create = "subnet create name --task text", Register = "subnet register 1";

    [Theory]
    [InlineData(Register, "/v1/subnets/1/price", "maxPrice", "registration.price_moved", "price moved from 3.2 to 12.8 TAO while you waited: pass --max-price")]
    [InlineData(Create, "/v1/subnets/lock-cost", "maxLock", "subnet.lock_moved", "lock moved from 3.2 to 12.8 TAO while you waited: pass --max-lock")]
    public async Task WithoutABound_ThePriceIsReadAndSaid_AndBoundsWhatIsPaid(string command, string read, string member, string code, string detail)
    {
        await using var api = new MovingPrice(code);
        var (exit, output, error) = await api.RunAsync(command);
        Assert.Equal((1, ""), (exit, output));
        Assert.Equal([read], api.Read);
        Assert.Equal(3_520_000_000, (long)Assert.Single(api.Sent)[member]!);
        Assert.Contains("it costs 3.2 τ now; at most 3.52 τ are paid", error, StringComparison.Ordinal);
        Assert.Contains(detail, error, StringComparison.Ordinal);
        Assert.Contains("12800000000", error, StringComparison.Ordinal);

        // Only the problem is on stderr then.
        (_, _, error) = await api.RunAsync(command + " -o json");
        var problem = JsonNode.Parse(error)!;
        Assert.Equal((code, detail, "3520000000"), ((string?)problem["code"], (string?)problem["detail"], (string?)problem["facts"]!["max"]));
    }

    [Theory]
    [InlineData(Register + " --max-price 5", "maxPrice")]
    [InlineData(Create + " --max-lock 5", "maxLock")]
    public async Task ABoundThatIsNamed_IsSentAsItIs(string command, string member)
    {
        await using var api = new MovingPrice("registration.price_moved");
        Assert.Equal(1, (await api.RunAsync(command + " --request-id again")).Code);
        Assert.Empty(api.Read);
        Assert.Equal(5_000_000_000, (long)Assert.Single(api.Sent)[member]!);
    }

    [Fact]
    public async Task ARequestAskedForAgain_NamesItsBound_ForThePriceMayHaveMovedWithIt()
    {
        await using var api = new MovingPrice("registration.price_moved");
        var (exit, _, error) = await api.RunAsync(Register + " --request-id again -o json");
        Assert.Equal((1, "cli.bound_needed"), (exit, (string?)JsonNode.Parse(error)!["code"]));
        Assert.Empty(api.Sent);
    }

    [Fact]
    public async Task ARequestOfUnknownOutcome_IsToldWithTheBoundThatBelongsToIt()
    {
        await using var api = new MovingPrice("service.unavailable");
        var (exit, _, error) = await api.RunAsync(Register);
        Assert.Equal(2, exit);
        var again = error[error.LastIndexOf("--request-id", StringComparison.Ordinal)..].Split('\n')[0].Trim();
        Assert.EndsWith(" --max-price 3.52", again, StringComparison.Ordinal);
        await api.RunAsync($"{Register} {again}");
        Assert.Equal(["3520000000"], api.Sent.Select(static s => s["maxPrice"]!.ToString()).Distinct());
        (_, _, error) = await api.RunAsync(Register + " -o json");
        Assert.Equal(("cli.outcome_unknown", "--max-price 3.52"), ((string?)JsonNode.Parse(error)!["code"], (string?)JsonNode.Parse(error)!["bound"]));
    }

    /// <summary>Prices are 3.2 TAO for who asks and 12.8 for who pays.</summary>
    private sealed class MovingPrice : IAsyncDisposable
    {
        private readonly HttpListener _api = new();
        private readonly string _address = $"http://127.0.0.1:{Ports.Free()}/";
        private readonly string _key = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        private readonly string _code;
        private readonly Task _serving;

        public MovingPrice(string code)
        {
            _code = code;
            _api.Prefixes.Add(_address);
            _api.Start();
            _serving = ServeAsync();
        }

        public ConcurrentQueue<string> Read { get; } = [];

        public ConcurrentQueue<JsonNode> Sent { get; } = [];

        public Task<(int Code, string Out, string Error)> RunAsync(string command) =>
            Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, [.. command.Split(' '), "--server", _address, "--key", _key]);

        public async ValueTask DisposeAsync()
        {
            _api.Stop();
            await _serving;
            File.Delete(_key);
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await _api.GetContextAsync();
                }
                catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                var (answer, reads) = ("""{"price":3200000000,"lock":3200000000}""", context.Request.HttpMethod == "GET");
                if (reads)
                {
                    Read.Enqueue(context.Request.Url!.AbsolutePath);
                }
                else
                {
                    var body = (await JsonNode.ParseAsync(context.Request.InputStream))!;
                    Sent.Enqueue(body);
                    var (price, most) = (_code.EndsWith("lock_moved", StringComparison.Ordinal) ? "lock" : "price", body["maxPrice"] ?? body["maxLock"]);
                    answer = $$"""{"code":"{{_code}}","detail":"it moved","facts":{"{{price}}":"12800000000","max":"{{most}}"} }""";
                }

                context.Response.Headers["Retry-After"] = "0";
                (context.Response.StatusCode, context.Response.ContentType) = (reads ? 200 : _code == "service.unavailable" ? 503 : 422, reads ? "application/json" : "application/problem+json");
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
                context.Response.Close();
            }
        }
    }
}
