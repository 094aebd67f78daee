using DepinGrains.Contracts.Deployments;
using DepinGrains.Grains.State;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Deployments;

public sealed partial class DeploymentGrain
{
    private const int StepsMax = 500;

    /// <summary>
    /// Takes every step that is due now, in a fixed order, each committed before the next. An exception means an unknown outcome: the intent stays in the row
    /// and the step is taken again later; nothing is compensated.
    /// </summary>
    private async Task AdvanceAsync()
    {
        try
        {
            var steps = 0;
            while (await StepAsync())
            {
                if (++steps >= StepsMax)
                {
                    throw new InvalidOperationException($"deployment {Id} took {steps} steps without coming to rest");
                }
            }

            ForgetBids();
            await RestAsync(NextDue());
        }
        catch (Exception e) when (!_row.IsLost)
        {
            // Another grain that lost its state answers as one that cannot be reached; only this row's own loss ends the activation, and its successor goes on.
            LogStepFailed(log, e, Id);
            await RestAsync(clock.Now + _options.RetryAfter);
        }
    }

    /// <summary>Takes one step; false when nothing is due.</summary>
    private async Task<bool> StepAsync()
    {
        if (State.Status == DeploymentStatus.Opening)
        {
            await OpenStepAsync();
            return true;
        }

        DropPlans(Screens);
        if (await ReleaseStepAsync())
        {
            return true;
        }

        foreach (var group in State.Groups)
        {
            // An award under way is finished before its order is ended: only then is it known what must be ended.
            if (await AwardStepAsync(group) || await EndStepAsync(group))
            {
                return true;
            }
        }

        if (await HostnameStepAsync())
        {
            return true;
        }

        if (State.Status == DeploymentStatus.Closing)
        {
            return await CloseStepAsync();
        }

        if (State.Status == DeploymentStatus.Closed)
        {
            return false;
        }

        if (await TopUpStepAsync() || await FundsStepAsync())
        {
            return true;
        }

        foreach (var group in State.Groups)
        {
            if (await ScreenStepAsync(group) || await ChooseStepAsync(group) || await DeployStepAsync(group))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The next instant at which something is due by itself; null when only a command can change anything.</summary>
    private DateTimeOffset? NextDue()
    {
        if (State.Status == DeploymentStatus.Closed)
        {
            return null;
        }

        var due = Spending ? _fundsDue : null;
        foreach (var group in State.Groups)
        {
            if (group is not { Status: GroupStatus.Open, Order: { Status: OrderStatus.Open } order })
            {
                continue;
            }

            due = Earlier(due, order.ScreenedAt is { } at ? at + _options.RescreenEvery : clock.Now);
            if (State.Winner == WinnerRule.Lowest && order.WindowEndsAt > clock.Now)
            {
                due = Earlier(due, order.WindowEndsAt);
            }
        }

        return due;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null ? b : b is null ? a : a < b ? a : b;

    /// <summary>The state with the sweep's next visit in it, when nothing is left to do after this commit: saves the commit that would only say so.</summary>
    private DeploymentState Resting(DeploymentState next) =>
        _fundsKnown && next is { Status: DeploymentStatus.Active, PausedAt: null, TopUp: null, Groups: [{ Status: GroupStatus.Open, Order: { Status: OrderStatus.Active, End: null, Award: null } order }] } && order.Deployed == next.ManifestHash
            ? next with { NextActionAt = _fundsDue }
            : next;

    /// <summary>Writes when the sweep must come by, if that changed by more than it may, and sets the grain's own timer.</summary>
    private async Task RestAsync(DateTimeOffset? due)
    {
        var known = State.NextActionAt;
        if ((known is null) != (due is null) || (known is { } k && due is { } d && (d < k || k <= clock.Now)))
        {
            await MustCommitAsync(State with { NextActionAt = due }, new Changes());
        }

        Schedule();
    }

    private void Schedule()
    {
        _timer?.Dispose();
        _timer = null;
        if (_row.Value?.NextActionAt is { } at)
        {
            var wait = at - clock.Now;
            _timer = this.RegisterGrainTimer(static (grain, _) => grain.AdvanceAsync(), this, new GrainTimerCreationOptions
            {
                DueTime = wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : wait,
                Period = Timeout.InfiniteTimeSpan,
                Interleave = false,
            });
        }
    }

    [LoggerMessage(4201, LogLevel.Warning, "Deployment {Deployment}: a step did not come through; it will be taken again")]
    private static partial void LogStepFailed(ILogger logger, Exception exception, string deployment);
}
