using System.Text;

namespace DepinGrains.Storage.Queries;

/// <summary>A statement being put together with its arguments. Values are always parameters: <c>?n</c> on SQLite, <c>$n</c> on PostgreSQL.</summary>
internal sealed class SqlText(char parameterMark)
{
    private readonly StringBuilder _text = new();
    private readonly List<object> _arguments = [];

    public IReadOnlyList<object> Arguments => _arguments;

    public SqlText Add(string sql)
    {
        _text.Append(sql);
        return this;
    }

    public SqlText Value(object value)
    {
        _arguments.Add(value);
        _text.Append(parameterMark).Append(_arguments.Count);
        return this;
    }

    public override string ToString() => _text.ToString();
}
