using System.Diagnostics;

namespace DepinGrains.Benchmarks.Http;

/// <summary>Waits for a server.</summary>
internal static class Ready
{
    /// <summary>Asks until it answers with success; how long that took.</summary>
    public static async Task<TimeSpan> WaitAsync(Uri address, TimeSpan limit)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(address);
                if (answer.IsSuccessStatusCode)
                {
                    return Stopwatch.GetElapsedTime(started);
                }
            }
            catch (Exception problem) when (problem is HttpRequestException or TaskCanceledException && Stopwatch.GetElapsedTime(started) < limit)
            {
                // Not yet.
            }

            if (Stopwatch.GetElapsedTime(started) >= limit)
            {
                throw new TimeoutException($"{address} did not answer within {limit}");
            }

            await Task.Delay(10);
        }
    }
}
