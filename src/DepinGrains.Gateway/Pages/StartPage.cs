namespace DepinGrains.Gateway.Pages;

/// <summary><c>GET /</c>: where a person lands first.</summary>
public static class StartPage
{
    private const string Html = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>DepinGrains</title>
        <style>
          :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
          body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
          code { background: color-mix(in srgb, currentColor 10%, transparent); padding: .1em .3em; border-radius: .2em; }
          table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
          #events { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; max-height: 20rem; overflow: auto; }
        </style></head><body>
        <h1>DepinGrains</h1>
        <p>A market for decentralised compute. <a href="/scalar">API</a> · <a href="/openapi/v1.json">OpenAPI</a> · <a href="/health">health</a></p>
        <h2>Providers</h2><table id="providers"><thead><tr><th>name</th><th>id</th><th>bidding</th></tr></thead><tbody></tbody></table>
        <h2>Open orders</h2><table id="orders"><thead><tr><th>order</th><th>ceiling a block</th><th>since</th></tr></thead><tbody></tbody></table>
        <h2>Now</h2><div id="events"></div>
        <script>
          const cell = text => { const td = document.createElement('td'); td.textContent = text; return td; };
          const fill = async (id, url, row) => {
            const page = await (await fetch(url)).json();
            document.querySelector('#' + id + ' tbody').replaceChildren(...page.items.map(item => {
              const tr = document.createElement('tr'); tr.append(...row(item).map(cell)); return tr; }));
          };
          const refresh = () => {
            fill('providers', '/v1/providers', p => [p.profile.name, p.id, p.maintenance ? 'maintenance' : p.profile.pricing ? 'managed' : 'by itself']);
            fill('orders', '/v1/orders', o => [o.id, o.ceiling + ' ' + o.denom, o.openedAt]);
          };
          refresh();
          const events = new EventSource('/v1/events?topic=market');
          const names = ['order.created', 'order.matched', 'order.closed', 'order.award_undone', 'provider.updated', 'provider.maintenance', 'provider.back', 'node.joined', 'node.online', 'node.offline', 'node.draining', 'node.retired'];
          for (const name of names) events.addEventListener(name, e => {
            const line = document.createElement('div'); line.textContent = new Date().toLocaleTimeString() + '  ' + name + '  ' + e.data;
            document.querySelector('#events').prepend(line); refresh(); });
        </script></body></html>
        """;

    /// <summary>Maps the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/", static () => TypedResults.Content(Html, "text/html; charset=utf-8")).AllowAnonymous().ExcludeFromDescription();
}
