using System.Collections.Frozen;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Deployments;

/// <summary>An explicit table of states: anything not in it is refused.</summary>
public sealed class TransitionTable<TState, TTrigger>
    where TState : struct, Enum
    where TTrigger : struct, Enum
{
    private readonly string _entity;
    private readonly FrozenDictionary<(TState, TTrigger), TState> _table;

    internal TransitionTable(string entity, params ReadOnlySpan<(TTrigger On, TState[] From, TState To)> rows)
    {
        _entity = entity;
        var table = new Dictionary<(TState, TTrigger), TState>();
        foreach (var (on, froms, to) in rows)
        {
            foreach (var from in froms)
            {
                table.Add((from, on), to);
            }
        }

        _table = table.ToFrozenDictionary();
    }

    /// <summary>Where the trigger leads, or null when it does not apply.</summary>
    public TState? Find(TState from, TTrigger on) => _table.TryGetValue((from, on), out var to) ? to : null;

    /// <summary>Where the trigger leads, or <c>ENTITY.transition_refused</c>.</summary>
    public Result<TState> Apply(TState from, TTrigger on) => Find(from, on) is { } to
        ? to
        : Refusal.Of(
            _entity + ".transition_refused",
            $"{on} does not apply to a {_entity} that is {from}".ToLowerInvariant(),
            ("from", from.ToString().ToLowerInvariant()),
            ("trigger", on.ToString().ToLowerInvariant()));
}
