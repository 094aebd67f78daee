using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>
/// A cabal with less than half of the stake, over fifty epochs: it votes for its own miners, copies, reveals late, stays away, bribes one honest miner, re-registers, and changes its mind each epoch. What Yuma guarantees
/// at κ = ½ while the honest majority scores alike: of the miners' half the cabal's miners get no more than q / (q + (1 − s)(1 − q)), q being what honest validators think they are worth and s the cabal's stake
/// (nobody can be voted up beyond what a majority gives him, and a minority that withholds its votes takes at most its own share from the others): nothing at all where they are worth nothing; and of the validators'
/// half its validators get no more than s. With q ≤ s / (1 + s) both are at most s.
/// </summary>
public sealed class HostileCabalTests
{
    private const int Epochs = 50;
    private const int Seeds = 150;
    private const ulong Emission = 1_000_000_000_000;
    private const ulong Tempo = 100;

    [Theory]
    [InlineData(YumaVersion.Yuma1)]
    [InlineData(YumaVersion.Yuma3)]
    public void A_minority_takes_no_more_than_its_stakes_share_whatever_it_does(YumaVersion version)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var life = new CabalLife(new Random(seed), version);
            for (var epoch = 1; epoch <= Epochs; epoch++)
            {
                var taken = life.Live((ulong)epoch * Tempo, Emission);
                Assert.True(taken.Mined <= taken.MinedMost + Slack, $"{version} seed {seed} epoch {epoch}: miners worth {taken.Worth} of a cabal with {life.Share} of the stake took {taken.Mined}, more than {taken.MinedMost}");
                Assert.True(taken.Worth > 0 || taken.Mined == 0, $"{version} seed {seed} epoch {epoch}: miners worth nothing took {taken.Mined}");
                Assert.True(taken.Validated <= life.Share + Slack, $"{version} seed {seed} epoch {epoch}: validators with {life.Share} of the stake took {taken.Validated} of the dividends");
            }

            Assert.True(life.Total <= life.Share * (1 + 1e-4), $"{version} seed {seed}: {life.Total} of everything with {life.Share} of the stake");
            Assert.True(life.HonestMined > 0.5, $"{version} seed {seed}: honest miners had {life.HonestMined}");
        }
    }

    /// <summary>Weights and bonds carry 16 bits: a row is rounded once, a bond each epoch.</summary>
    private const double Slack = 4.0 / 65535;
}

/// <summary>One subnet with honest validators that measure alike, and a cabal.</summary>
internal sealed class CabalLife
{
    private readonly Random _random;
    private readonly EpochParameters _parameters;
    private readonly EpochWorkspace _workspace = new();
    private readonly int _honest;
    private readonly int _validators;
    private readonly int _honestMiners;
    private readonly int _count;
    private readonly ulong[] _stakes;
    private readonly ulong[] _updated;
    private readonly ulong[] _registered;
    private readonly bool[] _permits;
    private readonly double[] _quality;
    private readonly ushort[][] _rows;
    private readonly Queue<ushort[]> _past = new();
    private SparseRows _bonds;
    private double _mined;
    private double _honestMined;
    private double _validated;
    private int _epochs;

    public CabalLife(Random random, YumaVersion version)
    {
        _random = random;
        _honest = random.Next(2, 8);
        _validators = _honest + random.Next(1, 6);
        _honestMiners = random.Next(2, 10);
        _count = _validators + _honestMiners + random.Next(1, 5);
        _parameters = new EpochParameters(ActivityCutoff: 100_000, MaxValidators: _validators) { Version = version };
        Share = 0.02 + (random.NextDouble() * 0.46);
        _stakes = new ulong[_count];
        Deal(0, _honest, 1 - Share);
        Deal(_honest, _validators, Share);
        Share = _stakes[_honest.._validators].Sum(static s => (double)s) / _stakes.Sum(static s => (double)s);
        (_updated, _registered, _permits) = (new ulong[_count], new ulong[_count], [.. Enumerable.Range(0, _count).Select(uid => uid < _validators)]);
        _quality = [.. Enumerable.Range(0, _count).Select(_ => random.NextDouble())];
        _rows = [.. Enumerable.Range(0, _count).Select(_ => Array.Empty<ushort>())];
        _bonds = SparseRows.Empty(_count);
    }

    /// <summary>The cabal's part of the stake.</summary>
    public double Share { get; }

    /// <summary>Its part of all that was paid.</summary>
    public double Total => (_mined + _validated) / (2 * _epochs);

    /// <summary>The honest miners' part of the miners' half.</summary>
    public double HonestMined => _honestMined / _epochs;

    public readonly record struct Taken(double Worth, double Mined, double MinedMost, double Validated);

    /// <summary>An epoch: everybody speaks as he does, and is paid.</summary>
    public Taken Live(ulong block, ulong emission)
    {
        var honest = Measure();
        for (var uid = 0; uid < _validators; uid++)
        {
            var row = uid < _honest ? honest : Scheme(uid, honest);
            if (row is not null)
            {
                (_rows[uid], _updated[uid]) = (row, block - 10);
            }
        }

        // A miner of the cabal that begins anew under the same uid, before the others speak.
        if (_random.Next(6) == 0)
        {
            var uid = _validators + _honestMiners + _random.Next(_count - _validators - _honestMiners);
            (_registered[uid], _bonds) = (block - 11, BondRules.WithoutUid(_bonds, uid));
        }

        _past.Enqueue(honest);
        if (_past.Count > 4)
        {
            _past.Dequeue();
        }

        var outcome = YumaEpoch.Run(Inputs(block), _parameters, emission, _workspace).Require();
        _bonds = outcome.Bonds;
        return Take(honest, outcome);
    }

    private EpochInputs Inputs(ulong block) => new()
    {
        Block = block, Stakes = _stakes, Permits = _permits, LastUpdate = _updated, RegisteredAt = _registered, Bonds = _bonds,
        Weights = SparseRows.FromRows(_count, Enumerable.Range(0, _validators).ToDictionary(
            static uid => uid,
            uid => (IReadOnlyDictionary<int, ushort>)_rows[uid].Select(static (w, j) => (w, j)).Where(static e => e.w > 0).ToDictionary(static e => e.j, static e => e.w))).Require(),
    };

    private Taken Take(ushort[] honest, EpochOutcome outcome)
    {
        double Part(ulong[] of, int from, int to) => of[from..to].Sum(static e => (double)e) / Math.Max(1, of.Sum(static e => (double)e));
        var first = _validators + _honestMiners;
        var worth = honest[first..].Sum(static w => (double)w) / honest.Sum(static w => (double)w);
        var taken = new Taken(worth, Part(outcome.ServerEmission, first, _count), worth / (worth + ((1 - Share) * (1 - worth))), Part(outcome.ValidatorEmission, _honest, _validators));
        _mined += taken.Mined;
        _honestMined += Part(outcome.ServerEmission, _validators, first);
        _validated += taken.Validated;
        _epochs++;
        return taken;
    }

    /// <summary>What honest validators find: miners get better and worse; the cabal's are worth at most s / (1 + s) of all, and often nothing.</summary>
    private ushort[] Measure()
    {
        for (var uid = _validators; uid < _count; uid++)
        {
            _quality[uid] = Math.Clamp(_quality[uid] + ((_random.NextDouble() - 0.5) * 0.4), 0.02, 1);
        }

        var first = _validators + _honestMiners;
        var most = Share / (1 + Share) * 0.999;
        var worth = _random.Next(2) == 0 ? 0 : most * _random.NextDouble();
        var (good, bad) = (_quality[_validators..first].Sum(), _quality[first..].Sum());
        return Row(uid => uid < _validators ? 0 : uid < first ? _quality[uid] / good * (1 - worth) : _quality[uid] / bad * worth);
    }

    /// <summary>What a member of the cabal says this time; null: nothing, its old weights stay.</summary>
    private ushort[]? Scheme(int uid, ushort[] honest)
    {
        var first = _validators + _honestMiners;
        var chosen = _random.Next(_validators, first);
        var own = _random.Next(first, _count);
        return _random.Next(9) switch
        {
            0 or 1 => Row(j => j >= first ? _quality[j] : 0),
            2 => Row(j => j == own ? 1 : 0),
            3 => honest,
            4 => _past.Count > 0 ? _past.Last() : null,
            5 => _past.Count > 0 ? _past.Peek() : null,
            6 => Row(j => j == chosen ? 1 : 0),
            7 => Row(j => j == uid ? 0 : _random.NextDouble()),
            _ => null,
        };
    }

    private ushort[] Row(Func<int, double> value)
    {
        double[] row = [.. Enumerable.Range(0, _count).Select(value)];
        var most = row.Max();
        return [.. row.Select(v => (ushort)(most == 0 ? 0 : Math.Round(v / most * 65535)))];
    }

    private void Deal(int from, int to, double share)
    {
        double[] parts = [.. Enumerable.Range(from, to - from).Select(_ => 0.2 + _random.NextDouble())];
        for (var i = 0; i < parts.Length; i++)
        {
            _stakes[from + i] = (ulong)(parts[i] / parts.Sum() * share * 1e15);
        }
    }
}
