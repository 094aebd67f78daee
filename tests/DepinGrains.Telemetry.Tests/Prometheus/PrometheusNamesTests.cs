using DepinGrains.ServiceDefaults.Telemetry;

namespace DepinGrains.Telemetry.Tests.Prometheus;

public sealed class PrometheusNamesTests
{
    [Theory]
    [InlineData("depin.store.batch.duration", "s", false, false, "depin_store_batch_duration_seconds")]
    [InlineData("depin.ledger.transfers", "{transfer}", true, false, "depin_ledger_transfers_total")]
    [InlineData("depin.things.total", "{thing}", true, false, "depin_things_total")]
    [InlineData("process.memory.usage", "By", false, true, "process_memory_usage_bytes")]
    [InlineData("sent.bytes", "By", true, false, "sent_bytes_total")]
    [InlineData("node.utilization", "1", false, true, "node_utilization_ratio")]
    [InlineData("share", "1", true, false, "share_total")]
    [InlineData("orleans-app-requests", null, true, false, "orleans_app_requests_total")]
    [InlineData("a..b--c", "", false, true, "a_b_c")]
    [InlineData("9lives", "", false, true, "_9lives")]
    public void An_instrument_has_the_name_that_the_specification_gives_it(string instrument, string? unit, bool counter, bool gauge, string expected) =>
        Assert.Equal(expected, PrometheusNames.Metric(instrument, unit, counter, gauge));

    [Theory]
    [InlineData("http.route", "http_route")]
    [InlineData("token", "token")]
    [InlineData("a:b", "a_b")]
    public void A_label_has_no_colon_and_no_dot(string key, string expected) => Assert.Equal(expected, PrometheusNames.Label(key));
}
