using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Emissions;
using Spectre.Console;

namespace DepinGrains.Cli.Emissions;

/// <summary>What <c>depin emission</c> prints.</summary>
internal sealed record EmissionReport(EmissionState State, long RecyclePerBlock, ImmutableArray<EmissionMoment> Moments)
{
    private HalvingDate? Next => State.PerBlock == 0 ? null : HalvingForecast.DateOf(State, RecyclePerBlock);

    public void WriteTable()
    {
        Console.Out.WriteLine($"issuance      {Tao(State.Issuance)} TAO ({State.Issuance.ToString(CultureInfo.InvariantCulture)} rao)");
        Console.Out.WriteLine($"emission      {Tao(State.PerBlock)} TAO a block, {Tao(State.PerBlock * TaoEmission.BlocksPerDay)} a day, after {State.Halvings} halvings");
        Console.Out.WriteLine($"recycled      {Tao(RecyclePerBlock)} TAO a block");
        Console.Out.WriteLine($"next halving  {(Next is not { } next ? "none: emission has ended" : next.Blocks is { } blocks ? $"in {blocks:N0} blocks, {Days(blocks)} days" : "never: recycling holds issuance below the threshold")}");
        if (Moments.IsEmpty)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in (string[])["day", "block", "issuance TAO", "TAO/block", "TAO/day", "emitted TAO", "recycled TAO", ""])
        {
            table.AddColumn(new TableColumn(title).NoWrap());
        }

        foreach (var m in Moments)
        {
            table.AddRow(
                Days(m.Block), m.Block.ToString("N0", CultureInfo.InvariantCulture), Tao(m.Issuance), Tao(m.PerBlock), Tao(m.PerBlock * TaoEmission.BlocksPerDay), Tao(m.Emitted), Tao(m.Recycled),
                m.IsHalving ? $"halving {m.Halvings}" : "");
        }

        Terminal.Write(table);
    }

    public void WriteJson()
    {
        using var stdout = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(stdout, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("token", "TAO");
        json.WriteNumber("issuanceRao", State.Issuance);
        json.WriteNumber("halvings", State.Halvings);
        json.WriteNumber("emissionRaoPerBlock", State.PerBlock);
        json.WriteNumber("emissionRaoPerDay", State.PerBlock * TaoEmission.BlocksPerDay);
        json.WriteNumber("recycledRaoPerBlock", RecyclePerBlock);
        json.WriteBoolean("latched", State.Latched is not null);
        WriteNext(json);
        if (!Moments.IsEmpty)
        {
            json.WriteStartArray("simulation");
            foreach (var moment in Moments)
            {
                Write(json, moment);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        stdout.Write("\n"u8);
    }

    private void WriteNext(Utf8JsonWriter json)
    {
        if (Next is not { } next)
        {
            json.WriteNull("nextHalving");
            return;
        }

        json.WriteStartObject("nextHalving");
        json.WriteNumber("halving", State.Halvings + 1);
        json.WriteNumber("thresholdRao", TaoEmission.Threshold(State.Halvings + 1));
        if (next.Blocks is { } blocks)
        {
            json.WriteNumber("blocks", blocks);
            json.WriteNumber("seconds", blocks * TaoEmission.BlockSeconds);
        }
        else
        {
            json.WriteNull("blocks");
            json.WriteNull("seconds");
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, EmissionMoment moment)
    {
        json.WriteStartObject();
        json.WriteString("event", moment.IsHalving ? "halving" : "year");
        json.WriteNumber("block", moment.Block);
        json.WriteNumber("issuanceRao", moment.Issuance);
        json.WriteNumber("halvings", moment.Halvings);
        json.WriteNumber("emissionRaoPerBlock", moment.PerBlock);
        json.WriteNumber("emittedRao", moment.Emitted);
        json.WriteNumber("recycledRao", moment.Recycled);
        json.WriteEndObject();
    }

    private static string Tao(long rao) => (rao / (decimal)TaoEmission.RaoPerTao).ToString("#,##0.#########", CultureInfo.InvariantCulture);

    private static string Days(long blocks) => (blocks / (decimal)TaoEmission.BlocksPerDay).ToString("#,##0.0", CultureInfo.InvariantCulture);
}
