using System.Text.Json;
using DepinGrains.Benchmarks.Http;
using DepinGrains.Benchmarks.Nodes;
using DepinGrains.Benchmarks.Runtime;
using DepinGrains.Benchmarks.Subnets;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>The other end of <see cref="Child"/>: reads what to do, prepares, says <c>ready</c>, starts at each <c>go</c> and answers one line of JSON.</summary>
internal static class ChildProgram
{
    public static async Task<int> RunAsync(string kind)
    {
        switch (kind)
        {
            case "http":
                var http = new HttpLoader(Read<HttpLoad>());
                http.Prepare();
                await AnswerAsync(http.RunAsync);
                return 0;
            case "sockets":
                var sockets = new SocketLoader(Read<SocketLoad>());
                await sockets.PrepareAsync();
                await AnswerAsync(sockets.FloodAsync, sockets.SilenceAsync);
                return 0;
            case "inference-miner":
                var miner = await InferenceMiner.StartAsync(Read<InferenceMiner.Spec>());
                await AnswerAsync(() => Task.FromResult(miner), UntilKilledAsync<InferenceMiner.Serving>);
                return 0;
            case "inference-gateway":
                var gateway = await InferenceGateway.StartAsync(Read<InferenceGateway.Spec>());
                await AnswerAsync(() => Task.FromResult(gateway), UntilKilledAsync<InferenceMiner.Serving>);
                return 0;
            case "runtime":
                var load = Read<RuntimeLoad>();
                using (var host = await RuntimeChild.StartAsync())
                {
                    await AnswerAsync(() => RuntimeChild.RunAsync(host, load));
                    await host.StopAsync();
                }

                return 0;
            default:
                return 64;
        }
    }

    /// <summary>A server lives until its parent ends it.</summary>
    private static async Task<T> UntilKilledAsync<T>()
    {
        await Task.Delay(Timeout.InfiniteTimeSpan);
        return default!;
    }

    private static T Read<T>() => JsonSerializer.Deserialize<T>(Console.In.ReadLine() ?? "") ?? throw new InvalidOperationException("nothing to do");

    private static async Task AnswerAsync<T>(params Func<Task<T>>[] runs)
    {
        Console.Out.WriteLine("ready");
        foreach (var run in runs)
        {
            if (Console.In.ReadLine() != "go")
            {
                return;
            }

            Console.Out.WriteLine(JsonSerializer.Serialize(await run()));
        }
    }
}
