using System.Collections.Immutable;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Grains.Emissions;

/// <summary>What a subnet has not drawn, as spans of blocks: exact for any block it may be drawn through, however late.</summary>
internal static class PendingSpans
{
    /// <summary>With what blocks issued since; spans of one emission become one.</summary>
    public static ImmutableArray<PendingSpan> Add(ImmutableArray<PendingSpan> spans, ImmutableArray<EmissionSpan> issued, int max)
    {
        var all = spans.ToBuilder();
        foreach (var span in issued)
        {
            if (all.Count > 0 && all[^1] is { Even: true } last && last.To + 1 == span.From && last.Owner == Blocks(last) * span.Owner && last.Queued == Blocks(last) * span.Queued)
            {
                all[^1] = last with { To = span.To, Owner = last.Owner + (span.Blocks * span.Owner), Queued = last.Queued + (span.Blocks * span.Queued) };
            }
            else
            {
                all.Add(new PendingSpan(span.From, span.To, span.Blocks * span.Owner, span.Blocks * span.Queued, Even: true));
            }
        }

        while (all.Count > max)
        {
            all[1] = new PendingSpan(all[0].From, all[1].To, all[0].Owner + all[1].Owner, all[0].Queued + all[1].Queued, Even: false);
            all.RemoveAt(0);
        }

        return all.DrainToImmutable();
    }

    /// <summary>Takes everything up to a block. A span put together of several that reaches beyond it stays whole for the next draw.</summary>
    public static (long Owner, long Queued, ImmutableArray<PendingSpan> Left) Through(ImmutableArray<PendingSpan> spans, long block)
    {
        var (owner, queued, left) = (0L, 0L, ImmutableArray.CreateBuilder<PendingSpan>());
        foreach (var span in spans)
        {
            if (span.From > block || (!span.Even && span.To > block))
            {
                left.Add(span);
                continue;
            }

            var (taken, blocks) = (Math.Min(span.To, block) - span.From + 1, Blocks(span));
            var (o, q) = (span.Owner / blocks * taken, span.Queued / blocks * taken);
            (o, q) = taken == blocks ? (span.Owner, span.Queued) : (o, q);
            (owner, queued) = (checked(owner + o), checked(queued + q));
            if (taken < blocks)
            {
                left.Add(span with { From = block + 1, Owner = span.Owner - o, Queued = span.Queued - q });
            }
        }

        return (owner, queued, left.DrainToImmutable());
    }

    private static long Blocks(PendingSpan span) => span.To - span.From + 1;
}
