namespace DepinGrains.Storage.Queries;

/// <summary>A cursor that no page of this query handed out: damaged, or from another query. The caller starts from the first page.</summary>
public sealed class InvalidCursorException() : ArgumentException("the cursor does not belong to this list");
