using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets;

/// <summary>
/// The most a command pays: what its caller named, or else what it costs when the command begins and a tenth more. A price moves with every registration, and a benchmark may run for minutes in between: nobody pays
/// much more than he saw.
/// </summary>
internal sealed class PriceBound
{
    /// <summary>Percent above the price that was seen which are paid without asking.</summary>
    public const int MarginPercent = 10;

    private readonly string _option;
    private readonly long? _seen;

    private PriceBound(string option, long? seen, long most) => (_option, _seen, Most) = (option, seen, most);

    /// <summary>Rao.</summary>
    public long Most { get; }

    /// <summary>Reads the price where the caller named no bound, and says it; with <c>-o json</c> nothing is said, for stderr is the problem's then.</summary>
    /// <param name="session">Whom to ask.</param>
    /// <param name="parse">The command's line.</param>
    /// <param name="option">Names the bound, in TAO.</param>
    /// <param name="path">What tells the price.</param>
    /// <param name="member">Its member, rao.</param>
    /// <exception cref="ApiException"><c>amount.invalid</c>; <c>cli.bound_needed</c>: a request is asked for again, which has to say the same as it did at first, whatever it costs by now.</exception>
    public static async Task<PriceBound> OfAsync(Session session, ParseResult parse, Option<string?> option, string path, string member)
    {
        if (Tao.Parse(parse.GetValue(option)) is { } named)
        {
            return new PriceBound(option.Name, null, named);
        }

        ServiceRun.Check(parse.GetValue(GlobalOptions.RequestId) is null, "cli.bound_needed", $"with --request-id give {option.Name} too: the bound belongs to the request, and would be another each time the price moves");
        var seen = (long)(await session.GetAsync(path))[member]!;
        var most = (long)Math.Min(long.MaxValue, (decimal)seen * (100 + MarginPercent) / 100);
        if (!session.Json)
        {
            await Console.Error.WriteLineAsync($"it costs {Tao.Show(seen)} τ now; at most {Tao.Show(most)} τ are paid ({MarginPercent} % more; {option.Name} says otherwise)");
        }

        return new PriceBound(option.Name, seen, most);
    }

    /// <summary>Sends what pays. A refusal because the price moved names the price that was seen, an unknown outcome the bound that goes with the request's id.</summary>
    public async Task<JsonNode> PayAsync(Func<Task<JsonNode>> pay)
    {
        try
        {
            return await pay();
        }
        catch (ApiException moved) when (_seen is not null && moved.Code is "registration.price_moved" or "subnet.lock_moved" && Now(moved) is not null)
        {
            var (what, problem) = (moved.Code == "subnet.lock_moved" ? "lock" : "price", moved.Problem.DeepClone());
            var detail = $"{what} moved from {Tao.Show(_seen!.Value)} to {Tao.Show(Now(moved)!.Value)} TAO while you waited: pass {_option}";
            problem["detail"] = detail;
            throw new ApiException(moved.Code, detail, problem, moved.Status);
        }
        catch (ApiException lost) when (_seen is not null && lost.Code == ApiException.Unknown)
        {
            var (bound, problem) = (Tao.Show(Most), lost.Problem.DeepClone());
            problem["bound"] = $"{_option} {bound}";
            throw new ApiException(lost.Code, $"{lost.Message} {_option} {bound}", problem, lost.Status);
        }
    }

    private static long? Now(ApiException moved) =>
        moved.Problem["facts"] is JsonObject facts && long.TryParse((string?)(facts["price"] ?? facts["lock"]), NumberStyles.None, CultureInfo.InvariantCulture, out var rao) ? rao : null;
}
