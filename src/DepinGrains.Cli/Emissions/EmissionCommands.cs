using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Emissions;

namespace DepinGrains.Cli.Emissions;

/// <summary><c>depin emission</c>: what a network emits and when it halves; with <c>--issuance</c> or <c>--simulate</c> the same, and what-if years, without any server.</summary>
public static class EmissionCommands
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var token = new Argument<string>("token") { Description = "TAO" };
        var issuance = new Option<string?>("--issuance") { Description = "offline: issued and not recycled, TAO (10500000) or rao (10500000000000000; a plain number above 21 million is rao); 0 when left out" };
        var simulate = new Option<int?>("--simulate") { Description = "offline: years to simulate from there" };
        var recycle = new Option<decimal>("--recycle") { Description = "recycled per block, percent of the first stage's emission (1 TAO a block)" };
        var latch = new Option<bool>("--latch") { Description = "a halving once reached stays, even when recycling takes issuance below its threshold again" };
        var history = new Option<bool>("--history") { Description = "points of the network's history, newest first" };
        var command = new Command("emission", "emission and halvings of a token: the network's, or offline with --issuance or --simulate") { token, issuance, simulate, recycle, latch, history };
        command.SetAction(async parse => parse.GetValue(issuance) is null && parse.GetValue(simulate) is null
            ? await LiveEmission.RunAsync(parse, parse.GetValue(token)!, parse.GetValue(history))
            : Run(parse.GetValue(token)!, parse.GetValue(issuance) ?? "0", parse.GetValue(simulate), parse.GetValue(recycle), parse.GetValue(latch), parse.GetValue(GlobalOptions.Output) == OutputFormat.Json));
        return command;
    }

    private static int Run(string token, string issuance, int? years, decimal percent, bool latch, bool json)
    {
        var report = Compute(token, issuance, years, percent, latch);
        if (!report.IsOk)
        {
            Console.Error.WriteLine(report.Refusal.ToString());
            return ExitCodes.Refused;
        }

        if (json)
        {
            report.Value.WriteJson();
        }
        else
        {
            report.Value.WriteTable();
        }

        return 0;
    }

    private static Result<EmissionReport> Compute(string token, string issuance, int? years, decimal percent, bool latch)
    {
        if (!token.Equals("TAO", StringComparison.OrdinalIgnoreCase))
        {
            return Refusal.Of("emission.token_unknown", $"{token} has no halving schedule; TAO has");
        }

        if (Rao(issuance) is not { } rao)
        {
            return Refusal.Of("emission.issuance_invalid", $"'{issuance}' is no issuance: 0…21000000 TAO, or 0…{TaoEmission.Cap} rao");
        }

        if (percent is < 0 or > 1000)
        {
            return Refusal.Of("emission.recycle_invalid", $"{percent} percent; 0…1000");
        }

        var state = new EmissionState(rao, latch ? TaoEmission.Halvings((ulong)rao) : null);
        var recycle = (long)(percent * TaoEmission.First / 100);
        if (years is null)
        {
            return new EmissionReport(state, recycle, ImmutableArray<EmissionMoment>.Empty);
        }

        var moments = EmissionSimulation.Run(state, years.Value, recycle);
        return moments.IsOk ? new EmissionReport(state, recycle, moments.Value) : moments.Refusal;
    }

    private static long? Rao(string text)
    {
        var isRao = text.EndsWith("rao", StringComparison.OrdinalIgnoreCase);
        var number = isRao ? text[..^3] : text.EndsWith("tao", StringComparison.OrdinalIgnoreCase) ? text[..^3] : text;
        if (!decimal.TryParse(number.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value > TaoEmission.Cap)
        {
            return null;
        }

        // There are never more than 21 million TAO, so a larger plain number can only be rao.
        var unit = isRao || (number.Length == text.Length && value > TaoEmission.Cap / TaoEmission.RaoPerTao) ? 1 : TaoEmission.RaoPerTao;
        var rao = value > TaoEmission.Cap / unit ? -1 : value * unit;
        return rao >= 0 && rao == decimal.Truncate(rao) ? (long)rao : null;
    }
}
