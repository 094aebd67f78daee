using Orleans.Runtime;

namespace Orleans;

/// <summary>Marks an interface whose calls are messages to a grain.</summary>
public interface IGrain : IAddressable
{
}

/// <summary>A grain named by a string.</summary>
public interface IGrainWithStringKey : IGrain
{
}

/// <summary>A grain named by a 64-bit number.</summary>
public interface IGrainWithIntegerKey : IGrain
{
}

/// <summary>A grain named by a GUID.</summary>
public interface IGrainWithGuidKey : IGrain
{
}
