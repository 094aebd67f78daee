namespace DepinGrains.Storage.Postgres;

/// <summary>The store's own steps on PostgreSQL. Steps are never changed once released; new ones are added at the end. Text sorts by bytes, as on SQLite.</summary>
internal static class PgSchema
{
    /// <summary>In <c>store_meta</c>: 1 when events are written a set a row.</summary>
    public const string EventSets = "event_sets";

    /// <summary>Number of the step that made room for it.</summary>
    public const int EventSetsStep = 11;

    /// <summary>
    /// How long after <see cref="EventSetsStep"/> no older version can be at work beside this one: longer than any replacing of processes, one by one, takes. The first migration after that, which is the next
    /// version's or start's, ends what only older versions needed.
    /// </summary>
    public static readonly TimeSpan OlderGone = TimeSpan.FromHours(1);

    /// <summary>Indexes that nothing lists by; older versions miss them when they start.</summary>
    public static readonly string[] UnreadIndexes = ["ix_bid_order_id", "ix_order_owner", "ix_escrow_owner", "ix_lease_node"];

    public const string StepsTable = "CREATE TABLE IF NOT EXISTS schema_steps(number int PRIMARY KEY, name text NOT NULL, at_us bigint NOT NULL)";

    public static readonly (int Number, string Name, string Script)[] Steps =
    [
        (1, "core",
            """
            CREATE TABLE operations(kind text COLLATE "C" NOT NULL, root text COLLATE "C" NOT NULL, operation_id text COLLATE "C" NOT NULL, fingerprint bytea NOT NULL, answer bytea NOT NULL,
                PRIMARY KEY(kind, root, operation_id));
            CREATE TABLE events(position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at_us bigint NOT NULL, topic text COLLATE "C" NOT NULL, type text NOT NULL, subject text NOT NULL, data bytea NOT NULL);
            CREATE INDEX ix_events_topic ON events(topic, position);
            CREATE TABLE store_meta(name text PRIMARY KEY, value bigint NOT NULL);
            INSERT INTO store_meta(name, value) VALUES('events_trimmed', 0);
            CREATE TABLE ledger_journal(token text COLLATE "C" NOT NULL, sequence bigint NOT NULL, at_ticks bigint NOT NULL, writer bytea NOT NULL, payload bytea NOT NULL, PRIMARY KEY(token, sequence));
            ALTER TABLE ledger_journal ALTER COLUMN payload SET STORAGE EXTERNAL;
            CREATE TABLE ledger_entries(token text COLLATE "C" NOT NULL, account text COLLATE "C" NOT NULL, entry_sequence bigint NOT NULL, delta bigint NOT NULL, balance_after bigint NOT NULL,
                transfer_id text COLLATE "C" NOT NULL, kind int NOT NULL, at_us bigint NOT NULL, memo text NOT NULL, PRIMARY KEY(token, account, entry_sequence));
            CREATE TABLE ledger_transfers(token text COLLATE "C" NOT NULL, transfer_id text COLLATE "C" NOT NULL, fingerprint bytea NOT NULL, answer bytea NOT NULL, PRIMARY KEY(token, transfer_id));
            CREATE TABLE ledger_index(token text COLLATE "C" PRIMARY KEY, through bigint NOT NULL);
            CREATE TABLE ledger_snapshots(token text COLLATE "C" NOT NULL, sequence bigint NOT NULL, payload bytea NOT NULL, PRIMARY KEY(token, sequence));
            ALTER TABLE ledger_snapshots ALTER COLUMN payload SET STORAGE EXTERNAL;
            """),

        // A batch up to a page stays in its row: cut into chunks of 2 KB with an index entry each it takes half as long again.
        (2, "journal_inline", "ALTER TABLE ledger_journal SET (toast_tuple_target = 8160);"),

        (10, "silos", PgSilosSchema.Script),

        // The events of a change set in one row; position: that of its newest event.
        (EventSetsStep, EventSets,
            """
            CREATE TABLE event_sets(position bigint PRIMARY KEY, events bigint NOT NULL, at_us bigint NOT NULL, data bytea NOT NULL);
            CREATE TABLE event_topics(topic text COLLATE "C" NOT NULL, position bigint NOT NULL, PRIMARY KEY(topic, position));
            INSERT INTO store_meta(name, value) VALUES('event_sets', 0);
            """),
    ];
}
