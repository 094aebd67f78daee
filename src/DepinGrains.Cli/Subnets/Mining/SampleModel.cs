using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;
using Microsoft.AspNetCore.Http;

namespace DepinGrains.Cli.Subnets.Mining;

/// <summary>Answers the deterministic task; for trials of a whole subnet without a model. Texts only.</summary>
internal sealed class SampleModel : IMinerModel
{
    public async Task AnswerAsync(HttpContext context, string path, byte[] body)
    {
        var request = JsonNode.Parse(body)!;
        var chat = path == "chat/completions";
        var prompt = (string?)(chat ? request["messages"]?.AsArray() is [.., var last] ? last?["content"] : null : request["prompt"]);
        if (prompt is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        if ((bool?)request["stream"] is true)
        {
            context.Response.ContentType = "text/event-stream";
            foreach (var word in DeterministicTask.Answer(prompt, DeterministicChallenges.Words))
            {
                await EventAsync(context, chat, word, null);
            }

            await EventAsync(context, chat, null, "stop");
            await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
            return;
        }

        var choice = Choice(chat ? "message" : null, DeterministicTask.Text(prompt, DeterministicChallenges.Words), "stop");
        await context.Response.WriteAsJsonAsync(new JsonObject { ["object"] = chat ? "chat.completion" : "text_completion", ["choices"] = new JsonArray(choice) }, context.RequestAborted);
    }

    private static async Task EventAsync(HttpContext context, bool chat, string? word, string? finish)
    {
        var piece = new JsonObject { ["choices"] = new JsonArray(Choice(chat ? "delta" : null, word, finish)) };
        await context.Response.WriteAsync($"data: {piece.ToJsonString(JsonSerializerOptions.Default)}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static JsonObject Choice(string? member, string? text, string? finish)
    {
        var choice = new JsonObject { ["index"] = 0, ["finish_reason"] = finish };
        if (member is null)
        {
            choice["text"] = text ?? "";
        }
        else
        {
            choice[member] = text is null ? new JsonObject() : new JsonObject { ["role"] = "assistant", ["content"] = text };
        }

        return choice;
    }
}
