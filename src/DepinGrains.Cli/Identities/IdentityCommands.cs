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
                    Console.Out.WriteLine($"  {(string?)key!["keyId"]}  {(string?)key["role"]}");
                }
            });
        }));
        return new Command("identity", "who you are") { show };
    }
}
