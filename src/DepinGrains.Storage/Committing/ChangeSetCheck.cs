using System.Collections.Immutable;
using System.Text;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Committing;

/// <summary>
/// Looks at a change set before it joins a batch, so that bad data is answered alone and alike on every store. Data that cannot be stored is a problem text;
/// a change set that contradicts the table definitions is a bug and throws <see cref="ArgumentException"/>.
/// </summary>
internal sealed class ChangeSetCheck(TableCatalog catalog, StoreOptions options)
{
    /// <summary>Null when it can be stored. <paramref name="item"/> is set then, with default arrays made empty and repeated child writes reduced to the last.</summary>
    public string? Admit(ChangeSet changes, out RowsItem? item)
    {
        item = null;
        var root = changes.Root;
        var table = catalog.Get(root.Id.Kind);
        Require(root.Id.Parent.Length == 0, "a root row has an empty parent");
        Require(root.ExpectedVersion >= 0, "the expected version is 0 or more");
        var tidy = Tidy(changes);
        if (tidy.Children.Length + tidy.Operations.Length + tidy.Events.Length > options.RowsPerChangeSetMax)
        {
            return $"more than {options.RowsPerChangeSetMax} rows in one change set";
        }

        long bytes = 256;
        var problem = Row(table, root.Id, tidy.Root.Columns, root.Document, ref bytes) ?? Children(tidy, ref bytes) ?? Operations(tidy, ref bytes) ?? Events(tidy, ref bytes);
        if (problem is null)
        {
            item = new RowsItem(tidy, table, (int)Math.Min(bytes, int.MaxValue));
        }

        return problem;
    }

    private string? Children(ChangeSet changes, ref long bytes)
    {
        foreach (var child in changes.Children)
        {
            Require(child.Id.Parent.Length > 0, "a child row names its parent");
            var table = catalog.Get(child.Id.Kind);
            if ((child.Document is { } document ? Row(table, child.Id, child.Columns, document, ref bytes) : Identity(child.Id)) is { } problem)
            {
                return problem;
            }

            bytes += 128;
        }

        return null;
    }

    private string? Operations(ChangeSet changes, ref long bytes)
    {
        HashSet<string>? ids = changes.Operations.Length > 1 ? new(StringComparer.Ordinal) : null;
        foreach (var operation in changes.Operations)
        {
            if (TextCheck.Problem("operation id", operation.OperationId, TextCheck.IdentityBytesMax) is { } problem)
            {
                return problem;
            }

            if (ids?.Add(operation.OperationId) == false)
            {
                return "one operation id twice in a change set";
            }

            if (operation.Answer.Length > options.DocumentBytesMax || operation.Fingerprint.Length > options.DocumentBytesMax)
            {
                return $"an operation's answer is larger than {options.DocumentBytesMax} bytes";
            }

            bytes += operation.Answer.Length + 192;
        }

        return null;
    }

    private string? Events(ChangeSet changes, ref long bytes)
    {
        foreach (var e in changes.Events)
        {
            var problem = TextCheck.Problem("event topic", e.Topic, TextCheck.IdentityBytesMax)
                ?? TextCheck.Problem("event type", e.Type, TextCheck.IdentityBytesMax)
                ?? TextCheck.Problem("event subject", e.Subject, TextCheck.IdentityBytesMax)
                ?? (e.Data.Length > options.DocumentBytesMax ? $"an event's data is larger than {options.DocumentBytesMax} bytes" : null);
            if (problem is not null)
            {
                return problem;
            }

            bytes += e.Data.Length + 192;
        }

        return null;
    }

    private string? Row(Table table, RowId id, ImmutableArray<object?> columns, ReadOnlyMemory<byte> document, ref long bytes)
    {
        Require(columns.Length == table.Columns.Length, $"kind '{table.Kind}' has {table.Columns.Length} columns, {columns.Length} given");
        if (Identity(id) is { } problem)
        {
            return problem;
        }

        if (document.Length > options.DocumentBytesMax)
        {
            return $"the document is larger than {options.DocumentBytesMax} bytes";
        }

        bytes += document.Length;
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i] is null)
            {
                continue;
            }

            var expected = table.Columns[i];
            Require(
                (expected.Type, columns[i]) is (ColumnType.Text, string) or (ColumnType.Int64, long) or (ColumnType.Boolean, bool),
                $"column '{table.Kind}.{expected.Name}' is {expected.Type}, given {columns[i]!.GetType().Name}");
            if (columns[i] is string text)
            {
                bytes += text.Length;
                if (TextCheck.Problem(expected.Name, text, options.DocumentBytesMax) is { } bad)
                {
                    return bad;
                }
            }
        }

        return FitsIndexes(table, id, columns);
    }

    private static string? FitsIndexes(Table table, RowId id, ImmutableArray<object?> columns)
    {
        foreach (var index in table.Indexes)
        {
            var size = (id.Parent.Length + id.Key.Length) * 3L;
            foreach (var column in index.Columns)
            {
                size += table.Ordinal(column) is { } at && columns[at] is string text ? text.Length * 3L : 8;
            }

            if (size <= TextCheck.IndexBytesMax)
            {
                continue;
            }

            size = Encoding.UTF8.GetByteCount(id.Parent) + Encoding.UTF8.GetByteCount(id.Key);
            foreach (var column in index.Columns)
            {
                size += table.Ordinal(column) is { } at && columns[at] is string text ? Encoding.UTF8.GetByteCount(text) : 8;
            }

            if (size > TextCheck.IndexBytesMax)
            {
                return $"the columns of index '{index.Name}' take {size} bytes, at most {TextCheck.IndexBytesMax} fit";
            }
        }

        return null;
    }

    private static string? Identity(RowId id) =>
        TextCheck.Problem("parent", id.Parent, TextCheck.IdentityBytesMax) ?? TextCheck.Problem("key", id.Key, TextCheck.IdentityBytesMax);

    private static ChangeSet Tidy(ChangeSet changes)
    {
        if (changes.Root.Columns.IsDefault || changes.Children.IsDefault || changes.Operations.IsDefault || changes.Events.IsDefault
            || changes.Children.Any(c => c.Columns.IsDefault))
        {
            changes = new ChangeSet(
                changes.Root with { Columns = OrEmpty(changes.Root.Columns) },
                [.. OrEmpty(changes.Children).Select(c => c with { Columns = OrEmpty(c.Columns) })],
                OrEmpty(changes.Operations),
                OrEmpty(changes.Events));
        }

        return changes.Children.Length > 1 ? WithoutRepeats(changes) : changes;
    }

    private static ChangeSet WithoutRepeats(ChangeSet changes)
    {
        var last = new HashSet<RowId>(changes.Children.Length);
        foreach (var child in changes.Children)
        {
            last.Add(child.Id);
        }

        if (last.Count == changes.Children.Length)
        {
            return changes;
        }

        var kept = changes.Children.Reverse().Where(c => last.Remove(c.Id)).Reverse();
        return changes with { Children = [.. kept] };
    }

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> values) => values.IsDefault ? [] : values;

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}
