using DepinGrains.Domain.Subnets.Validating;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary>How a validator works.</summary>
/// <param name="Hotkey">Who sets weights.</param>
/// <param name="StateFile">Its memory.</param>
/// <param name="Task">What is asked; null: what the subnet's task says.</param>
/// <param name="Every">Time between two rounds.</param>
/// <param name="Sample">Miners asked in a round.</param>
/// <param name="Timeout">Time a miner has.</param>
/// <param name="Alpha">How far one score moves an average, millionths.</param>
/// <param name="Reference">An answer this late loses half its worth.</param>
/// <param name="WeightsEvery">Blocks between two settings of weights; 0: as often as the subnet allows.</param>
/// <param name="Private">Also ask miners at loopback and private addresses.</param>
/// <param name="RoundsMax">Rounds until it ends by itself; 0: never.</param>
internal sealed record ValidatorOptions(
    int Netuid, string Hotkey, string StateFile, IChallengeTask? Task, TimeSpan Every, int Sample, TimeSpan Timeout, long Alpha, TimeSpan Reference, long WeightsEvery, bool Private, int RoundsMax);
