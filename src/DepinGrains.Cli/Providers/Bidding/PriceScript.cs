using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>
/// Runs a pricing script as Akash's provider does: JSON on stdin, tenant and currency in the environment, a decimal on stdout, a non-zero exit means no bid. A script that takes too long or writes too much is ended with all
/// that it started.
/// </summary>
/// <param name="path">An executable file.</param>
/// <param name="timeout">How long it may take.</param>
public sealed class PriceScript(string path, TimeSpan timeout)
{
    /// <summary>Most bytes of stdout, and of stderr.</summary>
    public const int OutputMax = 64 * 1024;

    private static readonly TimeSpan PipesClose = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The price the script asks, or why there is no bid: what <see cref="PriceScriptProtocol.ReadOutput"/> says, <c>market.price_script_unstartable</c>, <c>market.price_script_timeout</c>,
    /// <c>market.price_script_output_too_large</c>.
    /// </summary>
    public async Task<Result<Rate>> PriceAsync(ImmutableArray<PricedUnit> units, PriceTerms terms, string owner, CancellationToken cancel = default)
    {
        using var process = new Process { StartInfo = StartInfo(terms.Denom, owner) };
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return Refusal.Of("market.price_script_unstartable", $"{path} could not be started: {e.Message}", ("script", path));
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        var input = FeedAsync(process, PriceScriptProtocol.BuildInput(units, terms));
        var output = new BoundedText(process.StandardOutput.BaseStream, OutputMax, limit);
        var error = new BoundedText(process.StandardError.BaseStream, OutputMax, limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
        }

        // What it left running may hold the pipes open: it is not waited for, and what came so far is its answer.
        await Task.WhenAny(Task.WhenAll(input, output.Ended, error.Ended), Task.Delay(PipesClose, CancellationToken.None));
        cancel.ThrowIfCancellationRequested();
        if (output.TooLarge || error.TooLarge)
        {
            return Refusal.Of("market.price_script_output_too_large", $"the script wrote more than {OutputMax} bytes", ("max", OutputMax));
        }

        return limit.IsCancellationRequested
            ? Refusal.Of("market.price_script_timeout", $"the script took longer than {timeout.TotalSeconds:0.###} s", ("seconds", timeout.TotalSeconds))
            : PriceScriptProtocol.ReadOutput(process.ExitCode, output.Text, error.Text, terms);
    }

    private ProcessStartInfo StartInfo(string denom, string owner)
    {
        var start = new ProcessStartInfo(Path.GetFullPath(path)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment[PriceScriptProtocol.OwnerVariable] = owner;
        start.Environment[PriceScriptProtocol.DenomVariable] = denom;
        return start;
    }

    /// <summary>A script may ignore its input: then writing ends with the pipe.</summary>
    private static async Task FeedAsync(Process process, string json)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(json), CancellationToken.None);
            process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It did not read.
        }
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself just now.
        }
    }
}
