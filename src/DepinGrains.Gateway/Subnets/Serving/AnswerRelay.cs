using System.Net.ServerSentEvents;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using Microsoft.AspNetCore.Http.Features;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Passes one miner's answer to the caller: tokens as they come, or a whole document. What is counted is what was written to the caller.</summary>
internal sealed class AnswerRelay(HttpContext context, InferenceRequest request, InferenceAccount.Hold hold, ServingOptions options, TimeProvider time)
{
    private const int BeforeFirstMax = 64;

    // To tell a caller that his answer broke off; with it a request ends well before its hold does.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly long _started = time.GetTimestamp();
    private long _textBytes;
    private bool _begun;
    private bool _finished;
    private TimeSpan _firstToken;

    /// <summary>One try, from the request to the last byte.</summary>
    public async Task<TryResult> RunAsync(MinerCall call, Miner miner, Deadline deadline, string id)
    {
        try
        {
            deadline.Allow(request.Stream ? options.FirstTokenTimeout : options.AnswerTimeout);
            var (answer, body) = await call.AskAsync(miner, request, id, deadline.Token);
            using (answer)
            {
                await using var bounded = request.Stream ? new BoundedStream(body, options.AnswerBytesMax, options.EventBytesMax) : new BoundedStream(body, AnswerBytes, AnswerBytes);
                var frame = new AnswerFrame(request, (request.Kind == InferenceKind.Chat ? "chatcmpl-" : "cmpl-") + id, time.GetUtcNow().ToUnixTimeSeconds());
                context.Response.Headers["X-Depin-Miner"] = miner.Hotkey;
                return request.Stream ? await StreamAsync(bounded, frame, deadline) : await WholeAsync(bounded, frame, deadline);
            }
        }
        catch (CallerLeftException)
        {
            return Ended(TryEnd.Left);
        }
        catch (Exception problem) when (MinerCall.ReasonOf(problem) is { } reason)
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                return Ended(TryEnd.Left);
            }

            if (_begun && deadline.IsOver)
            {
                return await BrokenOffAsync(TryEnd.Left, reason);
            }

            if (!_begun)
            {
                context.Response.Headers.Remove("X-Depin-Miner");
                return new TryResult(TryEnd.Failed, Reason: reason);
            }

            return await BrokenOffAsync(TryEnd.Interrupted, reason);
        }
    }

    private int AnswerBytes => (int)request.AnswerBytes(options.AnswerBytesMax);

    private InferenceUse Use => _begun ? new(request.Bound.PromptTokens, Math.Min(TokenCount.OfBytes(_textBytes), request.Bound.CompletionTokens), 0) : default;

    private TryResult Ended(TryEnd end, string reason = "") => new(end, Use, _firstToken, reason);

    private async Task<TryResult> StreamAsync(BoundedStream body, AnswerFrame frame, Deadline deadline)
    {
        List<byte[]> before = [];
        var parser = SseParser.Create(body, (_, data) => StreamPiece.Read(data, frame, request.Choices));
        await using var events = parser.EnumerateAsync(deadline.Token).GetAsyncEnumerator(deadline.Token);
        while (await events.MoveNextAsync())
        {
            body.Taken();
            var piece = events.Current.Data;
            if (piece.IsDone)
            {
                break;
            }

            if (piece.Event is not { } bytes)
            {
                continue;
            }

            if (!_begun)
            {
                // Roles and empty beginnings wait for the first token: until then another miner can still take over.
                before.Add(bytes);
                if (before.Count > BeforeFirstMax)
                {
                    throw new MinerException("garbage");
                }

                if (piece is { TextBytes: 0, Finished: false })
                {
                    continue;
                }

                if (await BeginAsync() is { } refused)
                {
                    return refused;
                }

                before.ForEach(WriteAside);
            }
            else
            {
                WriteAside(bytes);
            }

            _textBytes += piece.TextBytes;
            _finished |= piece.Finished;

            // A caller who reads slowly takes his own time, not the miner's, and not more than the whole request has: he pays while his money is held.
            deadline.Allow(options.TotalTimeout);
            await FlushAsync(deadline.Token);
            if (_textBytes > request.TextBytesMax)
            {
                return await BrokenOffAsync(TryEnd.Interrupted, "too_many_tokens");
            }

            deadline.Allow(options.IdleTimeout);
        }

        return !_begun ? throw new MinerException("empty") : _finished ? await DoneAsync(frame, deadline) : await BrokenOffAsync(TryEnd.Interrupted, "broken");
    }

    private async Task<TryResult> DoneAsync(AnswerFrame frame, Deadline deadline)
    {
        if (request.StreamUsage)
        {
            WriteAside(frame.UsageEvent(Use));
        }

        WriteAside(AnswerFrame.Done.ToArray());
        deadline.Allow(options.TotalTimeout);
        await FlushAsync(deadline.Token);
        return Ended(TryEnd.Answered);
    }

    private async Task<TryResult> WholeAsync(BoundedStream body, AnswerFrame frame, Deadline deadline)
    {
        using var document = new MemoryStream();
        await body.CopyToAsync(document, deadline.Token);
        var json = document.GetBuffer().AsMemory(0, (int)document.Length);
        if (!AnswerReader.TryRead(json.Span, frame.List, request.Choices, out var part) || part.Items == 0 || (request.Kind == InferenceKind.Embedding && part.Items != request.Choices))
        {
            throw new MinerException("garbage");
        }

        if (request.Kind is InferenceKind.Chat or InferenceKind.Completion && part.TextBytes > request.TextBytesMax)
        {
            throw new MinerException("too_many_tokens");
        }

        // A miner that ignores the form asked for gives a caller wrong vectors, not an error: it is brought into that form here.
        var list = json.Slice(part.Start, part.Length);
        if (request.Kind == InferenceKind.Embedding)
        {
            list = EmbeddingForm.TryWrite(list.Span, request.Base64, out var vectors) ? vectors : throw new MinerException("garbage");
        }

        _firstToken = time.GetElapsedTime(_started);
        if (await hold.BeforeAnsweringAsync() is { } refused)
        {
            return new TryResult(TryEnd.Refused, Refusal: refused);
        }

        // Counting sees bounds as streams do: tokens are longer or shorter than ours, what is billed is never more than was asked for.
        _begun = true;
        _textBytes = request.Kind is InferenceKind.Chat or InferenceKind.Completion ? part.TextBytes : 0;
        var use = Use with { Images = request.Kind == InferenceKind.Image ? part.Items : 0 };
        context.Response.ContentType = "application/json";
        var bytes = frame.Whole(list.Span, use);
        context.Response.ContentLength = bytes.Length;
        try
        {
            // A caller who does not read has the time the whole request has, or he would outlive his hold and have the answer for nothing.
            deadline.Allow(options.TotalTimeout);
            await context.Response.Body.WriteAsync(bytes, deadline.Token);
            await context.Response.CompleteAsync().WaitAsync(deadline.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            context.Abort();
            return new TryResult(TryEnd.Left, use, _firstToken);
        }

        return new TryResult(TryEnd.Answered, use, _firstToken);
    }

    /// <summary>The first token is there: from here on there is one miner, and a status of 200.</summary>
    private async Task<TryResult?> BeginAsync()
    {
        _firstToken = time.GetElapsedTime(_started);
        if (await hold.BeforeAnsweringAsync() is { } refused)
        {
            return new TryResult(TryEnd.Refused, Refusal: refused);
        }

        _begun = true;
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        return null;
    }

    private void WriteAside(byte[] bytes)
    {
        var memory = context.Response.BodyWriter.GetMemory(bytes.Length);
        bytes.CopyTo(memory);
        context.Response.BodyWriter.Advance(bytes.Length);
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        try
        {
            var flushed = await context.Response.BodyWriter.FlushAsync(cancel);
            if (!flushed.IsCompleted && !flushed.IsCanceled && !context.RequestAborted.IsCancellationRequested)
            {
                return;
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // Told below.
        }

        // What was written and not read is nobody's any more; without this the connection would wait for its reader.
        context.Abort();
        throw new CallerLeftException();
    }

    /// <summary>Too late for another miner: the caller's library is told, and throws.</summary>
    private async Task<TryResult> BrokenOffAsync(TryEnd end, string reason)
    {
        using var lastWords = new CancellationTokenSource(LastWords, time);
        try
        {
            WriteAside(AnswerFrame.ErrorEvent(ServingErrors.Interrupted, end == TryEnd.Interrupted
                ? "The miner broke off; what arrived so far is charged, the prompt is not."
                : $"An answer may take {options.TotalTimeout.TotalSeconds:0} s; what arrived so far is charged."));
            await FlushAsync(lastWords.Token);
        }
        catch (CallerLeftException)
        {
            // Nobody is there to be told.
        }

        return Ended(end, reason);
    }

    private sealed class CallerLeftException : Exception;
}
