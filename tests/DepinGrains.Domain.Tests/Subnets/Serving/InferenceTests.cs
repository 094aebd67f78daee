using System.Text;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;

namespace DepinGrains.Domain.Tests.Subnets.Serving;

/// <summary>What is read of requests and answers, and what it costs.</summary>
public sealed class InferenceTests
{
    private static readonly InferenceLimits Limits = new();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    public void A_token_is_four_bytes_a_begun_one_whole(long bytes, long tokens) => Assert.Equal(tokens, TokenCount.OfBytes(bytes));

    [Fact]
    public void A_chat_is_read_counted_and_passed_on_without_what_concerns_only_the_caller()
    {
        var request = Read(InferenceKind.Chat, """
            {"model":"subnet-7","stream":true,"stream_options":{"include_usage":true},"user":"alice@example.com","metadata":{"a":"b"},"temperature":0.5,
             "messages":[{"role":"system","content":"12345678"},{"role":"user","content":[{"type":"text","text":"1234"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}
            """).Require();
        Assert.Equal(7, request.Netuid);
        Assert.True(request.Stream && request.StreamUsage);

        // system, 12345678, user: 6+8+4 bytes; [], {}, type, text, text, 1234: 2+2+4+4+4+4; {}, type, image_url, image_url: 2+4+9+9; 2 frames; one image.
        Assert.Equal(new InferenceUse(TokenCount.OfBytes(18 + 20 + 24) + 8 + 1_000, 1_024, 0), request.Bound);
        var body = Encoding.UTF8.GetString(request.Body.Span);
        Assert.Contains("\"temperature\":0.5", body, StringComparison.Ordinal);
        Assert.Contains("\"max_tokens\":1024", body, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", body, StringComparison.Ordinal);
        Assert.DoesNotContain("stream_options", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"subnet-1"}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":1,"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":"subnet-01","messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":"subnet-70000","messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":"subnet--1","messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":"subnet-1","messages":[]}""", "messages")]
    [InlineData("""{"model":"subnet-1","messages":"x"}""", "messages")]
    [InlineData("""{"model":"subnet-1","messages":["x"]}""", "messages")]
    [InlineData("""{"model":"subnet-1","messages":[{"content":"x"}]}""", "messages")]
    [InlineData("""{"model":"subnet-1","max_tokens":0,"messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"subnet-1","max_tokens":32769,"messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"subnet-1","max_tokens":1.5,"messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"subnet-1","max_tokens":5,"max_completion_tokens":6,"messages":[{"role":"user","content":"x"}]}""", "max_tokens")]
    [InlineData("""{"model":"subnet-1","n":5,"messages":[{"role":"user","content":"x"}]}""", "n")]
    [InlineData("""{"model":"subnet-1","best_of":3,"messages":[{"role":"user","content":"x"}]}""", "n")]
    [InlineData("""{"model":"subnet-1","stream":"yes","messages":[{"role":"user","content":"x"}]}""", "stream")]
    [InlineData("""{"model":"subnet-1","model":"subnet-2","messages":[{"role":"user","content":"x"}]}""", "body")]
    [InlineData("""{"model":"subnet-1","messages":[{"role":"user","content":"\ud800"}]}""", "body")]
    [InlineData("[]", "body")]
    [InlineData("null", "body")]
    [InlineData("", "body")]
    [InlineData("{", "body")]
    public void What_cannot_be_served_is_refused_with_the_members_name(string json, string member) =>
        Assert.Equal(member, Read(InferenceKind.Chat, json).Refusal!.Facts.Single(static f => f.Name == "param").Value);

    [Theory]
    [InlineData(InferenceKind.Chat, "messages", """[{"role":"user","content":"x"}]""")]
    [InlineData(InferenceKind.Completion, "prompt", "\"x\"")]
    [InlineData(InferenceKind.Embedding, "input", "\"x\"")]
    [InlineData(InferenceKind.Image, "prompt", "\"x\"")]
    public void No_member_is_passed_on_that_gets_work_that_is_not_held_for(InferenceKind kind, string prompt, string value)
    {
        var request = Read(kind, $$"""{"model":"subnet-1","n_predict":100000,"min_tokens":100000,"ignore_eos":true,"use_beam_search":true,"prompt_logprobs":20,"priority":1,"options":{"num_predict":1},"chat_template":"{{new string('x', 5_000)}}","echo":false,"{{prompt}}":{{value}}}""").Require();
        using var body = System.Text.Json.JsonDocument.Parse(request.Body);
        Assert.Empty(body.RootElement.EnumerateObject().Select(static m => m.Name).Except(["model", prompt, "stream", "max_tokens", "n"]));
        Assert.Equal(kind == InferenceKind.Chat ? 6 : 1, request.Bound.PromptTokens);
    }

    [Theory]
    [InlineData(InferenceKind.Chat, "messages", """[{"role":"user","content":"x"}]""")]
    [InlineData(InferenceKind.Completion, "prompt", "\"x\"")]
    public void What_llama_cpp_and_vLLM_choose_tokens_by_is_passed_on_as_it_is(InferenceKind kind, string prompt, string value)
    {
        const string Settings = "\"top_k\":40,\"min_p\":0.05,\"repetition_penalty\":1.1,\"repeat_penalty\":1.2,\"mirostat\":2";
        var plain = Read(kind, $$"""{"model":"subnet-1","{{prompt}}":{{value}}}""").Require();
        var request = Read(kind, $$"""{"model":"subnet-1",{{Settings}},"{{prompt}}":{{value}}}""").Require();
        Assert.Contains(Settings, Encoding.UTF8.GetString(request.Body.Span), StringComparison.Ordinal);
        Assert.Equal(plain.Bound, request.Bound);

        // A grammar is text the miner reads: it counts.
        var grammar = Read(kind, $$"""{"model":"subnet-1","grammar":"{{new string('g', 4_000)}}","{{prompt}}":{{value}}}""").Require();
        Assert.Equal(plain.Bound.PromptTokens + 1_000, grammar.Bound.PromptTokens);
        Assert.False(Read(kind, $$"""{"model":"subnet-1","top_k":"{{new string('g', 4_000)}}","{{prompt}}":{{value}}}""").IsOk);
        Assert.False(Read(kind, $$"""{"model":"subnet-1","min_p":[1],"{{prompt}}":{{value}}}""").IsOk);
    }

    [Theory]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":"","@":"name"}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":""}],"tools":[{"@":1}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":""}],"response_format":{"type":"json_schema","json_schema":{"@":true}}}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":""}],"stop":["@"]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":""}],"tool_choice":{"name":"@"}}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":"","image_url":"@"}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":[{"type":"text","text":"","image_url":{"url":"@"}}]}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"@"}}]}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a","text":"@"}}]}]}""")]
    [InlineData(InferenceKind.Chat, """{"model":"subnet-1","messages":[{"role":"user","content":"","tool_calls":[{"type":"image_url","image_url":"https://@"}]}]}""")]
    [InlineData(InferenceKind.Completion, """{"model":"subnet-1","prompt":"","suffix":"@"}""")]
    [InlineData(InferenceKind.Completion, """{"model":"subnet-1","prompt":[1e@]}""")]
    public void Wherever_text_is_passed_on_it_is_counted(InferenceKind kind, string json)
    {
        var text = new string('1', 4_000);
        var request = Read(kind, json.Replace("@", text, StringComparison.Ordinal)).Require();
        Assert.Contains(text, Encoding.UTF8.GetString(request.Body.Span), StringComparison.Ordinal);
        Assert.True(request.Bound.PromptTokens >= 1_000, $"{request.Bound}");
        Assert.True(request.Bound.PromptTokens < 1_100, $"{request.Bound}");
    }

    [Theory]
    [InlineData("""{"model":"subnet-1","messages":[{"role":"user","content":"x"}],"temperature":{"a":"b"}}""", "temperature")]
    [InlineData("""{"model":"subnet-1","messages":[{"role":"user","content":"x"}],"reasoning_effort":"a text that is far too long to be one of the few words this setting knows"}""", "reasoning_effort")]
    public void A_setting_carries_no_text(string json, string member) =>
        Assert.Equal(member, Read(InferenceKind.Chat, json).Refusal!.Facts.Single(static f => f.Name == "param").Value);

    [Theory]
    [InlineData("\"text\"", 1, 1)]
    [InlineData("[\"text\",\"1234\"]", 2, 2)]
    [InlineData("[1,2,3]", 3, 1)]
    [InlineData("[[1,2],[3]]", 3, 2)]
    public void Inputs_are_texts_or_tokens(string input, int tokens, int inputs)
    {
        var request = Read(InferenceKind.Embedding, $$"""{"model":"subnet-1","input":{{input}}}""").Require();
        Assert.Equal(tokens, request.Bound.PromptTokens);
        Assert.Equal(inputs, request.Choices);
    }

    [Fact]
    public void Of_an_answer_only_choices_are_taken_and_their_text_is_counted()
    {
        var json = """{"id":"evil","usage":{"completion_tokens":1000000},"choices":[{"index":0,"delta":{"content":"h\u00e9!","reasoning_content":"ab"},"logprobs":{"content":[{"token":"x","content":"not text"}]},"finish_reason":"stop"}],"model":"evil"}"""u8;
        Assert.True(AnswerReader.TryRead(json, "choices"u8, 1, out var part));
        Assert.Equal(4 + 2, part.TextBytes);
        Assert.True(part is { Items: 1, Finished: true });
        var text = Encoding.UTF8.GetString(json.Slice(part.Start, part.Length));
        Assert.StartsWith("[{\"index\":0", text, StringComparison.Ordinal);
        Assert.EndsWith("\"stop\"}]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_is_one_line_of_ours_whatever_white_space_the_miner_wrote()
    {
        var frame = new AnswerFrame(Read(InferenceKind.Chat, """{"model":"subnet-1","stream":true,"messages":[{"role":"user","content":"x"}]}""").Require(), "chatcmpl-1", 5);
        Assert.Equal(
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"subnet-1\",\"choices\":[ {} ]}\n\n",
            Encoding.UTF8.GetString(frame.Event("[\n{}\r]"u8)));
    }

    [Fact]
    public void Cost_is_rounded_up_the_fee_down_and_nothing_is_lost_between()
    {
        var price = new InferencePrice(500_000, 1_500_000, 100_000, 500);
        Assert.Equal(0, price.Cost(default));
        Assert.Equal(1, price.Cost(new InferenceUse(1, 0, 0)));
        Assert.Equal(2, price.Cost(new InferenceUse(1, 1, 0)));
        Assert.Equal(200_000, price.Cost(new InferenceUse(0, 0, 2)));
        for (var amount = 0L; amount < 1_000; amount++)
        {
            var (miner, fee) = price.Split(amount);
            Assert.Equal(amount, miner + fee);
            Assert.Equal(amount / 20, fee);
        }
    }

    [Fact]
    public void Nothing_is_billed_beyond_the_bound() =>
        Assert.Equal(new InferenceUse(5, 10, 1), new InferenceUse(5, 1_000, 7).Within(new InferenceUse(9, 10, 1)));

    [Fact]
    public void The_deterministic_task_is_the_same_for_everybody() =>
        Assert.Equal(DeterministicTask.Text("question", 3), string.Concat(DeterministicTask.Answer("question", 40).Take(3)));

    private static Contracts.Common.Result<InferenceRequest> Read(InferenceKind kind, string json) => InferenceRequestReader.Read(kind, Encoding.UTF8.GetBytes(json), Limits);
}
