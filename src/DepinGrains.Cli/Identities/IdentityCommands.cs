using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Identities;

/// <summary><c>depin identity</c>.</summary>
public static class IdentityCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var show = new Command("show", "your identity, its keys and roles; registers it when the network does not know it");
        show.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var identity = await session.MyIdentityAsync();
            return session.Show(identity, static i =>
            {
                Console.Out.WriteLine($"{(string?)i["id"]}  roles: {string.Join(", ", i["roles"]!.AsArray().Select(static r => (string?)r))}");
                foreach (var key in i["keys"]!.AsArray())
                {
                    Console.Out.WriteLine($"  {(string?)key!["keyId"]}  {(string?)key["role"]}{((string?)key["revokedAt"] is { } at ? "  revoked " + at : "")}");
                }
            });
        }));
        return new Command("identity", "who you are") { show, KeyCommands.Create(), ApiKey() };
    }

    /// <summary>An API key, for programs that cannot sign.</summary>
    private static Command ApiKey()
    {
        var name = new Argument<string>("name") { Description = "for people" };
        var scopes = new Option<string[]>("--scope") { Description = "what it may do, e.g. inference:write (OpenAI's API), leases:read, read", Required = true, AllowMultipleArgumentsPerToken = true };
        var days = new Option<int>("--days") { Description = "days until it ends, 1 to 366", DefaultValueFactory = static _ => 90 };
        var create = new Command("api-key", "make an API key; it is shown this once") { name, scopes, days };
        create.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            await session.MyIdentityAsync();
            var made = await session.PostAsync(
                $"/v1/identities/{session.Identity}/api-keys",
                new { name = parse.GetValue(name), scopes = parse.GetValue(scopes), expiresAt = TimeProvider.System.GetUtcNow().AddDays(parse.GetValue(days)).AddMinutes(-1) });
            return session.Show(made, static m => Console.Out.WriteLine((string?)m["key"]));
        }));
        return create;
    }
}
