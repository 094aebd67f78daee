using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DepinGrains.Cli.Common;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Consensus;
using Spectre.Console;

namespace DepinGrains.Cli.Subnets;

/// <summary><c>depin subnet</c>; here what-if epochs offline, no server needed.</summary>
public static class SubnetCommands
{
    private static readonly string[] Columns = ["UID", "RANK", "TRUST", "CONSENSUS", "INCENTIVE", "DIVIDENDS", "EMISSION(rao)", "VTRUST", "VAL", "ACTIVE", "PRUNING"];

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var input = new Option<string>("--input") { Description = "JSON file: one inputs object (n, stakes, permits, weights, bonds, last_update, reg_block, block, rao …) or an array of them", Required = true };
        var epoch = new Command("epoch", "compute Yuma epochs offline; prints JSON unless -o table is given") { input };
        epoch.SetAction(parse =>
        {
            // The outputs are a document: people who want columns say so.
            var table = parse.GetResult(GlobalOptions.Output) is { Implicit: false } && parse.GetValue(GlobalOptions.Output) == OutputFormat.Table;
            return Run(parse.GetValue(input)!, table);
        });
        var subnet = new Command("subnet", "subnets: miners, validators, weights, emission; what-if epochs offline") { epoch };
        foreach (var command in SubnetNetworkCommands.Create())
        {
            subnet.Subcommands.Add(command);
        }

        return subnet;
    }

    private static int Run(string file, bool table)
    {
        var outcomes = Compute(file, out var isArray);
        if (!outcomes.IsOk)
        {
            Console.Error.WriteLine($"{file}: {outcomes.Refusal}");
            return ExitCodes.Refused;
        }

        if (table)
        {
            outcomes.Value.ForEach(static outcome => Terminal.Write(Table(outcome)));
            return 0;
        }

        using var stdout = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(stdout);
        if (isArray)
        {
            json.WriteStartArray();
            outcomes.Value.ForEach(outcome => EpochReport.Write(json, outcome));
            json.WriteEndArray();
        }
        else
        {
            EpochReport.Write(json, outcomes.Value[0]);
        }

        json.Flush();
        stdout.Write("\n"u8);
        return 0;
    }

    private static Result<List<EpochOutcome>> Compute(string file, out bool isArray)
    {
        isArray = false;
        try
        {
            if (new FileInfo(file).Length > EpochDocument.BytesMax)
            {
                return Refusal.Of("epoch.json_invalid", $"the file is larger than {EpochDocument.BytesMax} bytes");
            }

            var bytes = File.ReadAllBytes(file);
            bytes = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes;
            isArray = bytes.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'[', ..];
            var documents = EpochDocument.Read(bytes);
            if (!documents.IsOk)
            {
                return documents.Refusal;
            }

            var workspace = new EpochWorkspace();
            List<EpochOutcome> outcomes = [];
            foreach (var document in documents.Value)
            {
                var outcome = YumaEpoch.Run(document.Inputs, document.Parameters, document.Emission, workspace);
                if (!outcome.IsOk)
                {
                    return outcome.Refusal;
                }

                outcomes.Add(outcome.Value);
            }

            return outcomes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refusal.Of("epoch.unreadable", e.Message);
        }
    }

    private static Table Table(EpochOutcome outcome)
    {
        var table = new Table().Border(TableBorder.Simple);
        Array.ForEach(Columns, title => table.AddColumn(new TableColumn(title).NoWrap()));
        for (var uid = 0; uid < outcome.Emission.Length; uid++)
        {
            table.AddRow(
                uid.ToString(CultureInfo.InvariantCulture), Share(outcome.Rank[uid]), Share(outcome.Trust[uid]), Share(outcome.Consensus[uid]), Share(outcome.Incentive[uid]),
                Share(outcome.Dividends[uid]), outcome.Emission[uid].ToString("N0", CultureInfo.InvariantCulture), Share(outcome.ValidatorTrust[uid]),
                outcome.NewPermits[uid] ? "*" : "", outcome.Active[uid] ? "1" : "0", outcome.PruningScores[uid].ToString(CultureInfo.InvariantCulture));
        }

        return table;
    }

    private static string Share(ushort value) => (value / 65535m).ToString("0.00000", CultureInfo.InvariantCulture);
}
