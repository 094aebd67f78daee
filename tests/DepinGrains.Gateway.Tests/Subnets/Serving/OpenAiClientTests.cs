using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Testing;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>OpenAI's own client (the npm package <c>openai</c>, installed by <c>npm ci</c> in tests/tools/openai-sdk, which CI does) against the gateway, unchanged.</summary>
public sealed class OpenAiClientTests
{
    private static readonly string Text = DeterministicTask.Text("question", 8);

    [Fact]
    public async Task The_openai_client_works_unchanged()
    {
        OpenAiClient.SkipUnlessInstalled();
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        host.Serve(miner.Address);
        var caller = await host.CallerAsync();
        var seen = await RunAsync(host, caller);

        Assert.Equal("subnet-1", (string?)seen["models"]![0]);
        Assert.Equal("subnet-1", (string?)seen["model"]);
        Assert.Equal(Text, (string?)seen["stream"]!["text"]);
        Assert.Equal("stop", (string?)seen["stream"]!["finish"]);
        Assert.Equal(TokenCount.Of(Text), (long)seen["stream"]!["usage"]!["completion_tokens"]!);
        Assert.True((int)seen["stream"]!["chunks"]! >= 8);
        Assert.Equal(Text, (string?)seen["whole"]!["text"]);
        Assert.Equal("chat.completion", (string?)seen["whole"]!["object"]);
        Assert.Equal(TokenCount.Of(Text), (long)seen["whole"]!["usage"]!["completion_tokens"]!);
        Assert.Equal(Text, (string?)seen["helper"]);
        Assert.Equal(Text, (string?)seen["completion"]);

        // Asked for nothing, the client asks for base64 and decodes whatever comes; the miner sends numbers all the same.
        Assert.Equal("[[0.25,0,-1.5],[0.25,1,-1.5]]", seen["embeddings"]!.ToJsonString());
        Assert.Equal("[[0.25,0,-1.5],[0.25,1,-1.5]]", seen["floats"]!.ToJsonString());
        Assert.Equal("iVBORw0KGgo=", (string?)seen["image"]);
        Assert.Equal("NotFoundError", (string?)seen["wrongModel"]!["class"]);
        Assert.Equal("AuthenticationError", (string?)seen["wrongKey"]!["class"]);
        Assert.True((bool)seen["aborted"]!);
    }

    [Fact]
    public async Task An_openai_clients_streamed_chat_is_answered_by_the_next_miner_when_the_best_one_dies_before_its_first_token()
    {
        OpenAiClient.SkipUnlessInstalled();
        await using var host = await ServingHost.StartAsync();
        await using var dying = new RawMiner(static async (socket, cancel) =>
            await socket.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n"u8.ToArray(), cancel));
        await using var good = await SampleMiner.StartAsync();
        host.Serve(dying.Address, good.Address);
        var seen = await RunAsync(host, await host.CallerAsync());
        Assert.Equal(Text, (string?)seen["stream"]!["text"]);
        Assert.True(dying.Requests >= 1);
    }

    [Fact]
    public async Task The_openai_client_throws_when_the_miner_breaks_off_mid_stream()
    {
        OpenAiClient.SkipUnlessInstalled();
        await using var host = await ServingHost.StartAsync();
        await using var bad = RawMiner.Says(RawMiner.StreamHead + RawMiner.Piece("fine"));
        host.Serve(bad.Address);
        var error = (await RunAsync(host, await host.CallerAsync(), "broken"))["error"]!;
        Assert.Equal("APIError", (string?)error["class"]);
        Assert.Equal(ServingErrors.Interrupted, (string?)error["code"]);
    }

    private static Task<JsonNode> RunAsync(ServingHost host, ServingCaller caller, string what = "all") => OpenAiClient.RunAsync(host.Address, caller.ApiKey, what);
}
