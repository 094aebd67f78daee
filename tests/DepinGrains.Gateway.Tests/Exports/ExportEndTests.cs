using System.Net;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Gateway.Tests.Nodes;
using DepinGrains.Storage.Events;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace DepinGrains.Gateway.Tests.Exports;

/// <summary>An export lasts as long as its reader may have it, and a gateway writes so many at once.</summary>
public sealed class ExportEndTests : IAsyncLifetime
{
    private readonly SigningKey _op = SigningKey.Generate();
    private readonly Dictionary<string, string?> _settings;
    private string _operator = "";
    private FullHost _host = null!;

    public ExportEndTests() => _settings = new()
    {
        ["Http:StreamRecheckSeconds"] = "1", ["Http:KeyCacheSeconds"] = "0", ["Http:ExportsMax"] = "2", ["Identities:OperatorKeys:0"] = _op.KeyId,
    };

    public async ValueTask InitializeAsync()
    {
        _host = await FullHost.StartAsync(settings: _settings, configure: static services =>
        {
            var whole = services.Last(static s => s.ServiceType == typeof(IEventLog)).ImplementationFactory!;
            services.AddSingleton<IEventLog>(p => new EndlessLog((IEventLog)whole(p)));
        });
        _operator = await _host.RegisterAsync(_op, "operator", "tenant");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _op.Dispose();
    }

    [Fact]
    public async Task An_export_breaks_off_when_the_key_behind_it_is_revoked()
    {
        using var hot = SigningKey.Generate();
        await DoAsync(HttpMethod.Post, $"/v1/identities/{_operator}/keys", ForeignResourceTests.NewKey(hot, _operator));
        using var export = await OpenAsync(hot);
        Assert.NotNull(await export.ReadLineAsync());
        await DoAsync(HttpMethod.Delete, $"/v1/identities/{_operator}/keys/{hot.KeyId}", null);
        await BrokenAsync(export);
        using var again = await AskAsync(hot);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Unauthorized, "identity.key_revoked");
        Assert.Equal(0, _host.Services.GetRequiredService<ExportSlots>().Open);
    }

    [Fact]
    public async Task An_export_breaks_off_when_its_reader_is_no_operator_any_more()
    {
        using var export = await OpenAsync(_op);
        Assert.NotNull(await export.ReadLineAsync());
        var path = $"/v1/identities/{_operator}/roles";
        var body = """{"roles":["tenant"]}""";
        await DoAsync(HttpMethod.Put, path, body);
        await BrokenAsync(export);
        using var again = await AskAsync(_op);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Forbidden, "identity.role_not_allowed");
    }

    [Fact]
    public async Task A_gateway_writes_so_many_exports_at_once_and_says_when_to_come_back()
    {
        using var first = await OpenAsync(_op);
        var second = await OpenAsync(_op);
        using (var third = await AskAsync(_op))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
            var problem = await ProblemAssert.IsAsync(third, HttpStatusCode.TooManyRequests, RequestError.ExportLimit);
            Assert.Equal("2", problem.GetProperty("facts").GetProperty("exportsMax").GetString());
            Assert.NotNull(third.Headers.RetryAfter?.Delta);
        }

        second.Dispose();
        await NodeHost.EventuallyAsync(() => Task.FromResult(_host.Services.GetRequiredService<ExportSlots>().Open == 1), "the reader who left gave his place back");
        using var another = await OpenAsync(_op);
        Assert.NotNull(await another.ReadLineAsync());
    }

    private static async Task BrokenAsync(StreamReader export)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await export.ReadLineAsync(patience.Token) is not null)
            {
                // A whole list would end here without an error.
            }
        });
    }

    private async Task DoAsync(HttpMethod method, string path, string? body)
    {
        using var answer = await _host.SendAsync(_op, method, path, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<StreamReader> OpenAsync(SigningKey key)
    {
        var answer = await AskAsync(key);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new StreamReader(await answer.Content.ReadAsStreamAsync());
    }

    private async Task<HttpResponseMessage> AskAsync(SigningKey key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Address, "/v1/network/export/events"));
        request.Headers.Authorization = new("Bearer", new TokenIssuer(key, _operator, "depin-test").Issue(["read"]));
        return await _host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The host's events, with an end that never comes: a store that answers as slowly as it likes.</summary>
    private sealed class EndlessLog(IEventLog inner) : IEventLog
    {
        public Task<long> HeadAsync(CancellationToken cancel = default) => Task.FromResult(long.MaxValue);

        public Task<long> TrimmedAsync(CancellationToken cancel = default) => inner.TrimmedAsync(cancel);

        public async Task<EventPage> ReadAsync(long after, string? topic, int limit, CancellationToken cancel = default)
        {
            var page = await inner.ReadAsync(after, topic, 1, cancel);
            if (topic is null && after > 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
            }

            return page;
        }

        public Task WaitAsync(long after, TimeSpan atMost, CancellationToken cancel = default) => inner.WaitAsync(after, atMost, cancel);

        public Task<long> TrimAsync(DateTimeOffset olderThan, int limit, CancellationToken cancel = default) => inner.TrimAsync(olderThan, limit, cancel);
    }
}
