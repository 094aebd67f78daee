using System.Text;
using System.Text.Json;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>What <c>inspect</c> says.</summary>
internal sealed record ContainerState(bool Running, int ExitCode, int Pid, string Agent, string Fingerprint)
{
    /// <summary>Two JSON objects: the state and the labels. A container that is made but not started counts as ended: it is removed and started anew.</summary>
    public static ContainerState? Parse(string output)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(output), new JsonReaderOptions { AllowMultipleValues = true });
            if (!reader.Read())
            {
                return null;
            }

            using var state = JsonDocument.ParseValue(ref reader);
            if (!reader.Read())
            {
                return null;
            }

            using var labels = JsonDocument.ParseValue(ref reader);
            var status = state.RootElement.TryGetProperty("Status", out var s) ? s.GetString() : "";
            return new ContainerState(
                status is "running" or "paused" or "restarting" or "stopping",
                state.RootElement.TryGetProperty(nameof(ExitCode), out var code) && code.TryGetInt32(out var exit) ? exit : -1,
                state.RootElement.TryGetProperty(nameof(Pid), out var p) && p.TryGetInt32(out var pid) ? pid : 0,
                Label(labels.RootElement, ContainerArguments.AgentLabel), Label(labels.RootElement, ContainerArguments.SpecLabel));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Label(JsonElement labels, string name) =>
        labels.ValueKind == JsonValueKind.Object && labels.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
