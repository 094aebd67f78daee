using DepinGrains.Contracts.Common;
using DepinGrains.Grains.State;
using DepinGrains.Simulation.Worlds;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>
/// A client: asks until it is answered, under the same id; sometimes sends twice at once, and long afterwards once more. An exception means "unknown", so it is no answer.
/// </summary>
internal sealed class Caller(World world, Rng rng)
{
    private const int AttemptsMax = 400;
    private const int SentMax = 60;
    private readonly List<Func<Task>> _sent = [];
    private int _operations;

    /// <summary>A fresh idempotency key.</summary>
    public string NewId() => $"op{++_operations}";

    /// <summary>Marks the order of beginnings and answers.</summary>
    public long Mark => world.Scheduler.Steps;

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="resend">What to do with the answer to the same command sent again later; null: never send it again.</param>
    public async Task<Result<T>> AskAsync<T>(string what, Func<Task<Result<T>>> call, Action<Result<T>, Result<T>>? resend = null)
    {
        var answer = await UntilAnsweredAsync(what, call);
        world.Trace.Line($"{what} → {(answer.IsOk ? "ok" : answer.Refusal.Code)}");
        var name = what[..what.IndexOf(' ', StringComparison.Ordinal)];
        Count(answer.IsOk ? name : $"{name}: {answer.Refusal.Code}");
        if (resend is not null && _sent.Count < SentMax)
        {
            _sent.Add(async () =>
            {
                var again = await UntilAnsweredAsync("again " + what, call);
                world.Trace.Line($"again {what} → {(again.IsOk ? "ok" : again.Refusal.Code)}");
                resend(answer, again);
            });
        }

        return answer;
    }

    /// <summary>One of the commands already answered arrives once more: it must have no effect.</summary>
    public Task ResendAsync() => _sent.Count == 0 ? Task.CompletedTask : rng.Pick(_sent)();

    /// <summary>One try; false when its outcome is unknown.</summary>
    public async Task<bool> TryAsync(string what, Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (Exception e) when (LogWatch.IsExplained(e))
        {
            world.Trace.Line($"{what} → unknown ({e.GetType().Name})");
            return false;
        }
    }

    /// <summary>What was answered must be written: nobody acts on state that was not.</summary>
    public void Seen(string kind, string key, long version)
    {
        if ((world.Peek(RowId.Root(kind, key))?.Version ?? 0) < version)
        {
            world.Problems.Add($"{kind} {key} was shown at version {version}, which was never written");
        }
    }

    /// <summary>Both answers to one command say the same, to the byte.</summary>
    public void MustBeSame<T>(string what, T first, T second)
    {
        if (!RowJson.Write(first).Span.SequenceEqual(RowJson.Write(second).Span))
        {
            world.Problems.Add($"{what} was answered differently the second time");
        }
    }

    private async Task<Result<T>> UntilAnsweredAsync<T>(string what, Func<Task<Result<T>>> call)
    {
        for (var attempt = 1; attempt <= AttemptsMax; attempt++)
        {
            try
            {
                await world.UpAsync();
                if (world.Faults.Doubles())
                {
                    _ = ForgottenAsync(call);
                }

                return await call();
            }
            catch (Exception e) when (LogWatch.IsExplained(e))
            {
                world.Trace.Line($"{what} → unknown ({e.GetType().Name})");
            }
            catch (Exception e)
            {
                world.Problems.Add($"{what} throws {e.GetType().Name}: {e.Message} at {LogWatch.Where(e)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(rng.Between(50, 4_000)), world.Time);
        }

        world.Problems.Add($"{what} was never answered");
        return Refusal.Of("simulation.never_answered", what);
    }

    private static async Task ForgottenAsync<T>(Func<Task<T>> call)
    {
        try
        {
            await call();
        }
        catch (Exception)
        {
            // Its twin is the one that is looked at.
        }
    }

    private void Count(string name) => world.Covered[name] = world.Covered.GetValueOrDefault(name) + 1;
}
