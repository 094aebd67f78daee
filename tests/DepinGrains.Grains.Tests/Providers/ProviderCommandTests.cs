using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.Tests.Deployments;

namespace DepinGrains.Grains.Tests.Providers;

/// <summary>A command has one effect however often, and however late, it is sent (found by the simulation, seeds 133 and 297).</summary>
public sealed class ProviderCommandTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private IProviderGrain Provider => market.Grains.GetGrain<IProviderGrain>(_r.Provider("p"));

    [Fact]
    public async Task A_profile_sent_again_late_does_not_undo_the_newer_one()
    {
        var (first, second) = (_r.NewOperation(), _r.NewOperation());
        var old = (await Provider.PutAsync(first, Profile("old"))).Require();
        (await Provider.PutAsync(second, Profile("new"))).Require();
        var again = (await Provider.PutAsync(first, Profile("old"))).Require();
        Assert.Equal((old.Profile.Name, old.Version), (again.Profile.Name, again.Version));
        Assert.Equal("new", (await Provider.GetAsync()).Require().Profile.Name);
        Assert.Equal("request.id_reused", (await Provider.PutAsync(first, Profile("other"))).Refusal!.Code);
    }

    [Fact]
    public async Task Maintenance_sent_again_late_does_not_begin_again()
    {
        (await Provider.PutAsync(_r.NewOperation(), Profile("p"))).Require();
        var on = _r.NewOperation();
        (await Provider.SetMaintenanceAsync(on, true)).Require();
        (await Provider.SetMaintenanceAsync(_r.NewOperation(), false)).Require();
        Assert.True((await Provider.SetMaintenanceAsync(on, true)).Require().Maintenance);
        Assert.False((await Provider.GetAsync()).Require().Maintenance);
    }

    [Fact]
    public async Task No_auditor_takes_the_room_of_the_others_and_the_provider_need_not_bear_its_word()
    {
        var attributes = Enumerable.Range(0, 120).Select(static i => new Fact($"attribute{i}", "x")).ToArray();
        (await Provider.PutAsync(_r.NewOperation(), Profile("p") with { Attributes = [.. attributes] })).Require();
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_stranger", [.. attributes.Take(100)])).Require();
        var full = (await Provider.SignAttributesAsync(_r.NewOperation(), "id_stranger", [attributes[100]])).Refusal!;
        Assert.Equal(("provider.too_many_signatures_of_auditor", "100"), (full.Code, full.Facts[0].Value));
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_auditor", [attributes[100]])).Require();

        var decline = _r.NewOperation();
        Assert.Equal(["id_auditor"], (await Provider.DeclineAuditorAsync(decline, "id_stranger", true)).Require().Signatures.Select(static s => s.Auditor));
        Assert.Equal("provider.auditor_declined", (await Provider.SignAttributesAsync(_r.NewOperation(), "id_stranger", [attributes[0]])).Refusal!.Code);
        (await Provider.DeclineAuditorAsync(_r.NewOperation(), "id_stranger", false)).Require();
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_stranger", [attributes[0]])).Require();

        // Sent again, late, it undoes nothing.
        (await Provider.DeclineAuditorAsync(decline, "id_stranger", true)).Require();
        Assert.Equal(2, (await Provider.GetAsync()).Require().Signatures.Length);
    }

    [Theory]
    [InlineData("région", false)]
    [InlineData("region\n", false)]
    [InlineData("region٣", false)]
    [InlineData("capabilities/gpu/vendor/nvidia/model/*", true)]
    public async Task An_attribute_key_is_of_plain_letters(string key, bool taken) =>
        Assert.Equal(taken ? null : "provider.attribute_invalid", (await Provider.PutAsync(_r.NewOperation(), Profile("p") with { Attributes = [new Fact(key, "x")] })).Refusal?.Code);

    [Fact]
    public async Task A_profile_put_on_an_old_version_is_refused_and_its_retry_answered_alike()
    {
        var first = _r.NewOperation();
        var made = (await Provider.PutAsync(first, Profile("p"), ifVersion: 0)).Require();
        Assert.Equal(made.Version, (await Provider.PutAsync(first, Profile("p"), ifVersion: 0)).Require().Version);
        (await Provider.PutAsync(_r.NewOperation(), Profile("q"), made.Version)).Require();
        var stale = (await Provider.PutAsync(_r.NewOperation(), Profile("r"), made.Version)).Refusal!;
        Assert.Equal(("request.version_mismatch", "2 1"), (stale.Code, string.Join(' ', stale.Facts.Select(static f => f.Value))));
        Assert.Equal("q", (await Provider.GetAsync()).Require().Profile.Name);
    }

    [Fact]
    public async Task An_auditors_word_counts_until_it_expires_or_is_taken_back()
    {
        await _r.AddProviderAsync("p", "1");
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var region = new Fact("region", _r.Name);
        Assert.Equal(0, await BidsAsync(1));
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_auditor", [region], TimeSpan.FromHours(1))).Require();
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_another", [region])).Require();
        Assert.Equal(1, await BidsAsync(2));

        market.Time.Advance(TimeSpan.FromHours(1));
        (await _r.Node("p").ConnectAsync("again", Nodes.Samples.Hardware())).Require();
        Assert.Equal(0, await BidsAsync(3));

        // Signed again it holds anew; what had expired is gone, the other auditor's word stays.
        var again = (await Provider.SignAttributesAsync(_r.NewOperation(), "id_auditor", [region], TimeSpan.FromHours(1))).Require();
        Assert.Equal(["id_another", "id_auditor"], again.Signatures.Select(static s => s.Auditor));
        Assert.Equal(1, await BidsAsync(4));

        var withdrawal = _r.NewOperation();
        Assert.Equal(["id_another"], (await Provider.WithdrawSignaturesAsync(withdrawal, "id_auditor", ["region"])).Require().Signatures.Select(static s => s.Auditor));
        Assert.Equal(0, await BidsAsync(5));
        (await Provider.SignAttributesAsync(_r.NewOperation(), "id_auditor", [region])).Require();
        Assert.True((await Provider.WithdrawSignaturesAsync(withdrawal, "id_auditor", ["region"])).IsOk);
        Assert.Equal(1, await BidsAsync(6));
        Assert.Equal("provider.signature_not_found", (await Provider.WithdrawSignaturesAsync(_r.NewOperation(), "id_stranger", [])).Refusal?.Code);
        Assert.Equal("provider.signature_validity", (await Provider.SignAttributesAsync(_r.NewOperation(), "id_auditor", [region], TimeSpan.FromDays(10_000))).Refusal?.Code);
    }

    /// <summary>How many bid for a new order that wants the auditor's signature.</summary>
    private async Task<int> BidsAsync(int number)
    {
        var sdl = _r.Sdl(price: "100000", attributes: "\n      signedBy:\n        anyOf:\n          - id_auditor");
        var deployment = _r.Other(number);
        (await deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, sdl, 1_000_000, WinnerRule.Pick))).Require();
        await deployment.TickAsync();
        return (await deployment.GetAsync()).Require().Groups[0].Order.Bids.Length;
    }

    private static ProviderProfile Profile(string name) => new(name, [new Fact("region", "eu")], null, "http://localhost");
}
