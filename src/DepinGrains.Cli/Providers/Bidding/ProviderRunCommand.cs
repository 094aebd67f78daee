using System.CommandLine;
using System.Runtime.InteropServices;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary><c>depin provider run</c>: bids from the provider's own machine.</summary>
internal static class ProviderRunCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var script = new Option<string>("--script") { Description = "pricing script: order as JSON on stdin, price a block on stdout, non-zero exit = no bid (Akash's protocol)", Required = true };
        var timeout = new Option<double>("--script-timeout") { Description = "seconds a script may take", DefaultValueFactory = static _ => PriceScriptProtocol.Timeout.TotalSeconds };
        var concurrency = new Option<int>("--concurrency") { Description = $"scripts at once, 1 to {PriceScriptProtocol.ConcurrentMax}", DefaultValueFactory = static _ => 8 };
        var precision = new Option<int>("--precision") { Description = "decimals of a price, 0 to 18", DefaultValueFactory = static _ => 6 };
        var deposit = new Option<long>("--deposit") { Description = "deposit of a bid, minor units", DefaultValueFactory = static _ => 500_000 };
        var reclaim = new Option<long>("--reclaim-window") { Description = "seconds of notice offered to orders that ask for one; without it they are skipped" };
        var lifetime = new Option<int>("--bid-lifetime") { Description = "seconds after which a bid nobody took is withdrawn, 0 = never", DefaultValueFactory = static _ => 300 };
        var unchecked_ = new Option<bool>("--no-capacity-check") { Description = "bid also for what would not fit on your nodes now" };
        var withdraw = new Option<bool>("--withdraw") { Description = "at the end take open bids back" };
        var run = new Command("run", "bid for orders with a pricing script; Ctrl-C finishes what was begun, a second one ends at once")
        {
            script, timeout, concurrency, precision, deposit, reclaim, lifetime, unchecked_, withdraw,
        };
        run.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var path = parse.GetValue(script)!;
            var seconds = parse.GetValue(timeout);
            Check(File.Exists(path), "script.not_found", $"there is no file {path}");
            Check(seconds is > 0 and <= 300, "script.timeout", "--script-timeout is above 0 and at most 300 seconds");
            Check(parse.GetValue(concurrency) is >= 1 and <= PriceScriptProtocol.ConcurrentMax, "script.concurrency", $"--concurrency is 1 to {PriceScriptProtocol.ConcurrentMax}");
            Check(parse.GetValue(precision) is >= 0 and <= 18, "script.precision", "--precision is 0 to 18");
            var options = new BidderOptions(
                parse.GetValue(concurrency),
                parse.GetValue(precision),
                parse.GetValue(deposit),
                parse.GetValue(reclaim),
                !parse.GetValue(unchecked_),
                parse.GetValue(withdraw),
                TimeSpan.FromSeconds(parse.GetValue(lifetime)));
            using var ending = new CancellationTokenSource();
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, ending));
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, ending));
            using var bidder = new Bidder(session, new PriceScript(path, TimeSpan.FromSeconds(seconds)), options, new BidLog(Console.Out, session.Json), TimeProvider.System);
            await bidder.RunAsync(ending.Token);
            return 0;
        }));
        return run;
    }

    /// <summary>The first signal drains; the second does what it always does.</summary>
    private static void End(PosixSignalContext signal, CancellationTokenSource ending)
    {
        if (!ending.IsCancellationRequested)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }

    private static void Check(bool holds, string code, string message)
    {
        if (!holds)
        {
            throw new ApiException(code, message);
        }
    }
}
