namespace DepinGrains.Standalone;

/// <summary>What <c>--help</c> prints.</summary>
internal static class StandaloneHelp
{
    public const string Text = """
        depin-standalone: a whole network in one process: grains, store, API, page and an agent that sells this machine.

          --urls URL                            where the API listens (http://127.0.0.1:5080)
          --data FOLDER                         store, keys and the agent's work (~/.depin/standalone)
          --Standalone:Agent false              sells nothing of this machine
          --Standalone:NativeWorkloads false    programs of this machine are not for sale; needed where others reach --urls
          --Standalone:Faucet false             no play money; needed where others reach --urls
          --Store:Kind postgres --Store:Connection "Host=…"
                                                PostgreSQL instead of the SQLite file
          --Management:Port PORT                health and metrics (any free port, printed at the start)
          --SECTION:SETTING VALUE               any other setting; environment variables SECTION__SETTING do the same

        Ctrl-C stops; a second start goes on where the first one was. What to do with it: depin --help.
        Exit codes: 0 stopped, 64 settings that do not go together, 74 a store or an address that cannot be had.
        """;
}
