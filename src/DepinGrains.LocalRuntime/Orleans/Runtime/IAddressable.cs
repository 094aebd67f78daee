namespace Orleans.Runtime;

/// <summary>Anything a message can be sent to.</summary>
public interface IAddressable
{
}
