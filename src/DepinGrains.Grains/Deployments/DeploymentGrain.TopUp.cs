using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Grains.State;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Deployments;

/// <summary>The standing order that keeps a deployment funded: looked at when the sweep or the timer comes by for the escrow's deadline, never per block.</summary>
public sealed partial class DeploymentGrain
{
    private const long BlocksMax = 1_000_000_000;
    private const long PeriodSecondsMax = 31_536_000;

    /// <inheritdoc/>
    public async Task<Result<AutoTopUpView>> SetAutoTopUpAsync(string operationId, string caller, AutoTopUp? rule, long? ifVersion = null)
    {
        if (Missing() is { } missing)
        {
            return missing;
        }

        // Asked again once it stands as wanted, the version has moved by that very change.
        var stands = rule is null ? State.TopUp is null or { Rule.CapPerPeriod: 0 } : State.TopUp?.Rule == rule;
        if ((NotOwner(caller) ?? (rule is null ? null : WhyInvalid(rule)) ?? (stands ? null : Versions.Mismatch(ifVersion, _row.Version))) is { } refusal)
        {
            return refusal;
        }

        var print = Changes.Fingerprint(new { Command = "top_up", Rule = rule });
        if (await _row.RememberedAsync<Done>(operationId, print) is { } seen)
        {
            // One set before it was ended, sent again late, must not begin anew.
            return seen.IsOk ? TopUpView() : seen.Refusal;
        }

        if (State.Status is DeploymentStatus.Closing or DeploymentStatus.Closed)
        {
            return NotActive();
        }

        // A deposit under way is finished first: its number must not be used again.
        await AdvanceAsync();
        if (State.TopUp?.Rule == rule)
        {
            await NothingToDoAsync(operationId, print);
        }
        else if (rule is not null && State.TopUp is { Intent: > 0 and var amount, Count: var number })
        {
            // It may be in the escrow already: counted under another rule it would be deposited once more.
            return Refusal.Of("deployment.top_up_in_flight", $"automatic top-up {number} of {Id}, {amount} {State.Denom}, is under way; ask again", ("deployment", Id), ("number", number), ("amount", amount));
        }
        else
        {
            var next = rule is null
                ? State.TopUp is { } old ? old with { Rule = old.Rule with { CapPerPeriod = 0 } } : null
                : new TopUpState(rule, clock.Now, 0, State.TopUp?.Count ?? 0, 0, null, null);
            var changes = Told(rule is null ? "deployment.top_up_off" : "deployment.top_up_on").Remember<Result<Done>>(operationId, print, Done.Instance);
            await MustCommitAsync(State with { TopUp = next, NextActionAt = clock.Now }, changes);
            _fundsDue = clock.Now;
            await AdvanceAsync();
        }

        return TopUpView();
    }

    /// <inheritdoc/>
    public Task<Result<AutoTopUpView>> GetAutoTopUpAsync() => Task.FromResult(Missing() is { } missing ? missing : (Result<AutoTopUpView>)TopUpView());

    private AutoTopUpView TopUpView() => State.TopUp is { Rule.CapPerPeriod: > 0 } t
        ? new AutoTopUpView(t.Rule, t.PeriodStartedAt, t.Spent, t.Count, t.Problem)
        : new AutoTopUpView(null, null, 0, State.TopUp?.Count ?? 0, null);

    private static Refusal? WhyInvalid(AutoTopUp rule)
    {
        var (field, wanted) = rule switch
        {
            { BelowBlocks: < 1 or > BlocksMax } => ("belowBlocks", $"1 to {BlocksMax}"),
            _ when rule.ToBlocks <= rule.BelowBlocks || rule.ToBlocks > BlocksMax => ("toBlocks", $"more than belowBlocks ({rule.BelowBlocks}) and at most {BlocksMax}"),
            { AmountMin: < 1 } => ("amountMin", "at least 1"),
            _ when rule.CapPerPeriod < rule.AmountMin => ("capPerPeriod", $"at least amountMin ({rule.AmountMin})"),
            { PeriodSeconds: < 60 or > PeriodSecondsMax } => ("periodSeconds", $"60 to {PeriodSecondsMax}"),
            _ => ("", ""),
        };
        return field.Length == 0 ? null : Refusal.Of("deployment.top_up_invalid", $"{field}: wanted {wanted}", ("field", field), ("wanted", wanted));
    }

    /// <summary>Decides, and writes the intent of a deposit that is due. Answers whether it did, and else when to look again.</summary>
    private async Task<(bool Intended, DateTimeOffset? LookAt)> TopUpDueAsync()
    {
        if (State.TopUp is not { Rule.CapPerPeriod: > 0 } order)
        {
            return (false, null);
        }

        var period = TimeSpan.FromSeconds(order.Rule.PeriodSeconds);
        if (clock.Now - order.PeriodStartedAt >= period)
        {
            var periods = (clock.Now - order.PeriodStartedAt).Ticks / period.Ticks;
            order = order with { PeriodStartedAt = order.PeriodStartedAt.AddTicks(periods * period.Ticks), Spent = 0 };
        }

        if (order.RetryAt > clock.Now)
        {
            return (false, order.RetryAt);
        }

        var due = (await Escrow.TopUpDueAsync(order.Rule, order.Rule.CapPerPeriod - order.Spent)).Require();
        if (due.Amount > 0)
        {
            await MustCommitAsync(State with { TopUp = order with { Intent = due.Amount, Count = order.Count + 1 }, NextActionAt = clock.Now }, new Changes());
            return (true, null);
        }

        // Nothing due though below the threshold: the period's cap is spent, or nothing streams.
        var check = due.NextCheckHeight is { } height ? clock.TimeOf(height) : (DateTimeOffset?)null;
        return (false, check > clock.Now ? check : order.PeriodStartedAt + period);
    }

    /// <summary>Makes the deposit that was intended.</summary>
    private async Task<bool> TopUpStepAsync()
    {
        if (State.TopUp is not { Intent: > 0 and var amount } order)
        {
            return false;
        }

        var deposited = await Escrow.DepositAsync(string.Create(CultureInfo.InvariantCulture, $"{Id}/auto/{order.Count}"), State.Owner, amount, order.Rule.From);
        var next = deposited.IsOk
            ? order with { Intent = 0, Spent = checked(order.Spent + amount), RetryAt = null, Problem = null }
            : order with { Intent = 0, RetryAt = clock.Now + _options.TopUpRetry, Problem = deposited.Refusal };
        var data = new { Deployment = Id, Amount = amount, State.Denom, Refusal = deposited.Refusal?.Code };
        await MustCommitAsync(State with { TopUp = next }, new Changes().Event("deployment/" + Id, deposited.IsOk ? "deployment.topped_up" : "deployment.top_up_refused", Id, data));
        if (!deposited.IsOk)
        {
            LogTopUpRefused(log, Id, deposited.Refusal.ToString());
        }

        _fundsDue = clock.Now;
        return true;
    }

    [LoggerMessage(4203, LogLevel.Information, "Deployment {Deployment}: an automatic top-up was refused: {Refusal}")]
    private static partial void LogTopUpRefused(ILogger logger, string deployment, string refusal);
}
