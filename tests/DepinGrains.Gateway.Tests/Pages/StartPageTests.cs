using DepinGrains.Gateway.Tests.Http;
using Microsoft.Playwright;

namespace DepinGrains.Gateway.Tests.Pages;

/// <summary>The start page in a real Chromium over the whole gateway. Category: needs chromium.</summary>
[Trait("Category", "NeedsChromium")]
public sealed class StartPageTests
{
    private const string Chromium = "/usr/bin/chromium";
    private const float Patience = 60_000;
    private const string NetworkChanged = "net::ERR_NETWORK_CHANGED";

    /// <summary>What a hostile seller would call itself.</summary>
    private const string Hostile = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>";

    [Fact]
    public async Task A_visitor_sees_the_market_and_what_happens_on_it_without_reloading()
    {
        Assert.SkipUnless(File.Exists(Chromium), "skipped: needs chromium");
        await using var host = await FullHost.StartAsync(settings: new() { ["Deployments:BidWindow"] = "00:00:01", ["Deployments:RescreenEvery"] = "00:00:01" });
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync();
        page.SetDefaultTimeout(Patience);
        var complaints = new List<string>();
        page.Console += (_, message) => Note(complaints, message.Type is "error" or "warning", message.Text);
        page.PageError += (_, problem) => Note(complaints, true, problem);
        await GoAsync(page, host.Address);

        // Empty, and it says so.
        await page.GetByText("no machine has joined yet").WaitForAsync();
        await page.GetByText("nothing is asked for at the moment").WaitForAsync();
        await page.Locator("#live.on").WaitForAsync();

        // A seller, a node, an order and a lease come while the page is open.
        await using var scene = await LeaseScene.SetAsync(host);
        await page.Locator("#providers td", new() { HasTextString = "seller" }).First.WaitForAsync();
        await page.Locator("#nodes td", new() { HasTextString = "online" }).First.WaitForAsync();
        await page.Locator("#events li", new() { HasTextString = "order.matched" }).First.WaitForAsync();
        await page.Locator("#facts li", new() { HasTextString = "1 online" }).WaitForAsync();
        await page.Locator("#facts li", new() { HasTextString = "200ACT in circulation" }).WaitForAsync();
        await page.Locator("#facts li", new() { HasTextString = "1leases today" }).WaitForAsync();

        // An order nobody can fill stays open and is shown with what it wants.
        await OrderAsync(host, scene);
        await page.Locator("#orders td", new() { HasTextString = "1 × 384 CPU" }).WaitForAsync();

        // A name that is markup is a name.
        using (var renamed = await host.SendAsync(scene.SellerKey, HttpMethod.Post, "/v1/providers", System.Text.Json.JsonSerializer.Serialize(new { name = Hostile, pricing = new { } })))
        {
            Assert.True(renamed.IsSuccessStatusCode, await renamed.Content.ReadAsStringAsync());
        }

        await page.Locator("#providers td", new() { HasTextString = Hostile }).WaitForAsync();
        Assert.Equal("DepinGrains", await page.TitleAsync());
        Assert.Equal(0, await page.Locator("img").CountAsync());
        await ShotsAsync(page);
        Assert.Empty(complaints);
    }

    /// <summary>Chromium drops what it is loading when the machine's network interfaces change, and containers of other tests change them; a person would press reload.</summary>
    private static async Task GoAsync(IPage page, Uri address)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await page.GotoAsync(address.ToString());
                return;
            }
            catch (PlaywrightException problem) when (tries < 10 && problem.Message.Contains(NetworkChanged, StringComparison.Ordinal))
            {
                // Once more.
            }
        }
    }

    /// <summary>On a telephone nothing is wider than the screen; screenshots for people go where DEPIN_SCREENSHOTS names.</summary>
    private static async Task ShotsAsync(IPage page)
    {
        var folder = Environment.GetEnvironmentVariable("DEPIN_SCREENSHOTS");
        if (folder is not null)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, "page.png"), FullPage = true });
        }

        await page.SetViewportSizeAsync(375, 740);
        Assert.Equal(375, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        if (folder is not null)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, "phone.png"), FullPage = true });
        }
    }

    private static async Task OrderAsync(FullHost host, LeaseScene scene)
    {
        var sdl = await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"));
        var body = System.Text.Json.JsonSerializer.Serialize(new { sdl = sdl.Replace("units: 100m", "units: 384", StringComparison.Ordinal), deposit = 5_000_000 });
        using var answer = await host.SendAsync(scene.TenantKey, HttpMethod.Post, "/v1/deployments", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static void Note(List<string> complaints, bool isOne, string text)
    {
        if (isOne && !text.Contains(NetworkChanged, StringComparison.Ordinal))
        {
            lock (complaints)
            {
                complaints.Add(text);
            }
        }
    }
}
