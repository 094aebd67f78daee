using System.CommandLine;

namespace DepinGrains.Cli.Providers;

/// <summary>The options of a scale policy; any of them given selects it instead of dollar prices.</summary>
internal sealed class ScaleOptions
{
    private readonly Option<string?> _cpu = new("--scale-cpu") { Description = "minor units a block per thousandth of a core (selects scale prices)" };
    private readonly Option<string?> _memory = new("--scale-memory") { Description = "minor units a block per MiB" };
    private readonly Option<string[]> _storage = new("--scale-storage") { Description = "class=minor units a block per MiB, may be repeated; other classes are not sold" };
    private readonly Option<string?> _endpoint = new("--scale-endpoint") { Description = "minor units a block per endpoint" };
    private readonly Option<string?> _ip = new("--scale-ip") { Description = "minor units a block per leased address" };
    private readonly Option<string[]> _gpu = new("--scale-gpu") { Description = "model[.ram][.interface]=minor units a block per card, may be repeated; with any given, other cards are not sold" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_cpu, _memory, _storage, _endpoint, _ip, _gpu])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The policy as the API takes it, or null when none of them was given.</summary>
    public object? Read(ParseResult parse)
    {
        var storage = parse.GetValue(_storage) ?? [];
        var gpu = parse.GetValue(_gpu) ?? [];
        string?[] single = [parse.GetValue(_cpu), parse.GetValue(_memory), parse.GetValue(_endpoint), parse.GetValue(_ip)];
        return storage.Length == 0 && gpu.Length == 0 && Array.TrueForAll(single, static s => s is null)
            ? null
            : new { cpu = single[0] ?? "0", memory = single[1] ?? "0", storage = ProviderCommands.Pairs(storage), endpoint = single[2] ?? "0", ip = single[3] ?? "0", gpu = ProviderCommands.Pairs(gpu) };
    }
}
