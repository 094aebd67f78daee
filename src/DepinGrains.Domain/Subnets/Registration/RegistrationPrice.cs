namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>The price of a uid, as a subnet stores it.</summary>
/// <param name="Burn">Rao recycled by the next registration.</param>
/// <param name="Block">Block up to which the price is computed (2026), or of the last adjustment (2024).</param>
/// <param name="Registrations">Registrations since then (2024).</param>
public sealed record RegistrationPrice(ulong Burn, ulong Block, int Registrations);

/// <summary>How the price of a uid moves.</summary>
public interface IRegistrationPricing
{
    /// <summary>The price at <paramref name="block"/>, with all that happened between; asking twice changes nothing.</summary>
    RegistrationPrice At(RegistrationPrice price, ulong block);

    /// <summary>The price after one more registration at <paramref name="block"/>.</summary>
    RegistrationPrice Registered(RegistrationPrice price, ulong block);
}
