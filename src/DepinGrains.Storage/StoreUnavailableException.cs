namespace DepinGrains.Storage;

/// <summary>The store cannot be reached or cannot work now (away, disk full, shutting down). Nothing is known about data; try again later.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
