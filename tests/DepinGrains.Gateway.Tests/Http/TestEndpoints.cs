using System.Runtime.CompilerServices;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Storage.Rows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DepinGrains.Gateway.Tests.Http;

public enum Colour
{
    Red,
    DarkBlue,
}

public sealed record EchoRequest(string Text, int Number, Colour Colour = Colour.Red, string? Note = null, object? Any = null);

/// <summary>Endpoints that show one thing each.</summary>
public static class TestEndpoints
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/t/echo", static (EchoRequest body) => TypedResults.Ok(body)).AllowAnonymous();
        app.MapPost("/t/dry-run", static () => TypedResults.Ok()).WithoutIdempotencyKey().AllowAnonymous();
        app.MapGet("/t/number/{n}", static (int n) => n).AllowAnonymous();
        app.MapGet("/t/page", static (PageQuery page) => page).AllowAnonymous();
        app.MapGet("/t/cursor", static IResult (PageQuery page) => Cursors.Decode("list", page.Cursor) is { IsOk: false, Refusal: { } refusal } ? Problems.From(refusal) : TypedResults.Ok()).AllowAnonymous();
        app.MapGet("/t/bug", static string () => throw new InvalidOperationException("secret detail")).AllowAnonymous();
        app.MapGet("/t/timeout", static string () => throw new TimeoutException("grain did not answer")).AllowAnonymous();
        app.MapGet("/t/overload", static string () => throw new StoreOverloadedException(7)).AllowAnonymous();
        app.MapGet("/t/ledger-unknown", static string () => throw new DepinGrains.Contracts.Ledgers.LedgerUnknownException("the journal did not confirm")).AllowAnonymous();
        app.MapGet("/t/ledger-overload", static string () => throw new DepinGrains.Contracts.Ledgers.LedgerOverloadedException("too many wait")).AllowAnonymous();
        app.MapGet("/t/state-lost", static string () => throw new DepinGrains.Grains.State.StateLostException("ask again")).AllowAnonymous();
        app.MapGet("/t/store-away", static string () => throw new DepinGrains.Storage.StoreUnavailableException("the database cannot be reached")).AllowAnonymous();
        app.MapGet("/t/refused/{code}", static (string code) => Problems.From(Refusal.Of(code, "No, 3 of 2.", ("wanted", 3), ("had", 2)))).AllowAnonymous();
        app.MapGet("/t/version", static (HttpContext context) => EntityTags.Read(context, "v", 12)).AllowAnonymous();
        app.MapPut("/t/version", static IResult (HttpContext context) =>
        {
            var expected = EntityTags.Expected(context);
            return (expected.Refusal ?? EntityTags.Mismatch(expected.Value, 12)) is { } refusal ? Problems.From(refusal) : TypedResults.Ok();
        }).AllowAnonymous();
        app.MapGet("/t/whoami", static (Caller caller) => new { caller.Identity, caller.Lease });
        app.MapGet("/t/leases", static (Caller caller) => caller.Identity).RequireScope("leases:read");
        app.MapGet("/t/shell", static (Caller caller) => caller.Identity).RequireScope("leases:shell");
        app.MapGet("/t/operator", static (Caller caller) => caller.Identity).RequireIdentityRole(IdentityRoles.Operator);
        app.MapPost("/t/pay/{what}", static (string what, EchoRequest body, Caller caller, HttpContext context) => new
        {
            what,
            body.Text,
            caller.Identity,
            caller.RequireSigned().KeyId,
            OperationId = caller.OperationId(context),
        }).RequireSignature();
        app.MapPost("/t/report", static (Caller caller) => caller.RequireSigned().KeyRole.ToString()).RequireSignature(KeyRoles.Node);
        app.MapGet("/t/stream", static (HttpContext context) => EventStreamResult.After(context, Numbers)).AllowAnonymous();
        app.MapGet("/t/lines", static (int fail) => new NdjsonResult<int>(cancel => Lines(fail, cancel))).AllowAnonymous();
        app.MapGet("/t/silence", static (HttpContext context) => EventStreamResult.After(context, Silence)).AllowAnonymous();
    }

    private static async IAsyncEnumerable<StreamEvent> Numbers(long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.Yield();
        for (var i = (after ?? 0) + 1; i <= 3; i++)
        {
            yield return StreamEvent.At(i, "number", System.Text.Encoding.UTF8.GetBytes($"{{\"n\":\n{i}}}"));
        }
    }

    private static async IAsyncEnumerable<int> Lines(int fail, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (var i = 1; i <= 100_000; i++)
        {
            yield return i != fail ? i : throw new DepinGrains.Storage.StoreUnavailableException("the database went away");
            if (i % 1_000 == 0)
            {
                await Task.Yield();
            }
        }
    }

    private static async IAsyncEnumerable<StreamEvent> Silence(long? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        yield break;
    }
}
