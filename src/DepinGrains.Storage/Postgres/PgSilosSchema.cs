namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Tables of the silos' membership and reminders, and the statements that Orleans' ADO.NET providers look up by name in <c>orleansquery</c>. Every conditional change is one statement, so that
/// it is atomic without a function: what counts is decided under the lock of the version's row.
/// </summary>
internal static class PgSilosSchema
{
    /// <summary>Grain state needs none here: its tables have (parent, key) as their primary key, so of two first writes the second fails.</summary>
    public const string Script = Tables + Membership + Reminders;

    private const string Tables =
        """
        CREATE TABLE orleansquery(querykey text COLLATE "C" PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE silo_versions(deployment text COLLATE "C" PRIMARY KEY, version int NOT NULL DEFAULT 0, changed_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE silo_members(deployment text COLLATE "C" NOT NULL REFERENCES silo_versions, address text COLLATE "C" NOT NULL, port int NOT NULL, generation int NOT NULL, name text NOT NULL,
            host text NOT NULL, status int NOT NULL, proxy_port int, suspect_times text, started_at timestamptz NOT NULL, alive_at timestamptz NOT NULL,
            PRIMARY KEY(deployment, address, port, generation));
        CREATE TABLE silo_reminders(service text COLLATE "C" NOT NULL, grain text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, starts_at timestamptz NOT NULL, period bigint NOT NULL,
            hash int NOT NULL, version int NOT NULL DEFAULT 0, PRIMARY KEY(service, grain, name));
        CREATE INDEX ix_silo_reminders_hash ON silo_reminders(service, hash);

        """;

    private const string Membership =
        """
        INSERT INTO orleansquery VALUES
        ('GatewaysQueryKey', $q$
            SELECT address, proxy_port AS proxyport, generation FROM silo_members WHERE deployment=@DeploymentId AND status=@Status AND proxy_port > 0 $q$),
        ('MembershipReadAllKey', $q$
            SELECT v.version, m.address, m.port, m.generation, m.name AS siloname, m.host AS hostname, m.status, m.proxy_port AS proxyport, m.suspect_times AS suspecttimes,
                m.started_at AS starttime, m.alive_at AS iamalivetime
            FROM silo_versions v LEFT JOIN silo_members m ON m.deployment=v.deployment WHERE v.deployment=@DeploymentId $q$),
        ('MembershipReadRowKey', $q$
            SELECT v.version, m.address, m.port, m.generation, m.name AS siloname, m.host AS hostname, m.status, m.proxy_port AS proxyport, m.suspect_times AS suspecttimes,
                m.started_at AS starttime, m.alive_at AS iamalivetime
            FROM silo_versions v LEFT JOIN silo_members m ON m.deployment=v.deployment AND m.address=@Address AND m.port=@Port AND m.generation=@Generation WHERE v.deployment=@DeploymentId $q$),
        ('InsertMembershipVersionKey', $q$
            WITH made AS (INSERT INTO silo_versions(deployment) VALUES(@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::int FROM made $q$),
        ('InsertMembershipKey', $q$
            WITH raised AS (
                UPDATE silo_versions v SET version=v.version+1, changed_at=now() WHERE v.deployment=@DeploymentId AND v.version=@Version AND NOT EXISTS (
                    SELECT FROM silo_members m WHERE m.deployment=@DeploymentId AND m.address=@Address AND m.port=@Port AND m.generation=@Generation) RETURNING 1),
            made AS (
                INSERT INTO silo_members(deployment, address, port, generation, name, host, status, proxy_port, started_at, alive_at)
                SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised RETURNING 1)
            SELECT count(*)::int FROM made $q$),
        ('UpdateMembershipKey', $q$
            WITH raised AS (
                UPDATE silo_versions v SET version=v.version+1, changed_at=now() WHERE v.deployment=@DeploymentId AND v.version=@Version AND EXISTS (
                    SELECT FROM silo_members m WHERE m.deployment=@DeploymentId AND m.address=@Address AND m.port=@Port AND m.generation=@Generation) RETURNING 1),
            changed AS (
                UPDATE silo_members m SET status=@Status, suspect_times=@SuspectTimes, alive_at=@IAmAliveTime FROM raised
                WHERE m.deployment=@DeploymentId AND m.address=@Address AND m.port=@Port AND m.generation=@Generation RETURNING 1)
            SELECT count(*)::int FROM changed $q$),
        ('UpdateIAmAlivetimeKey', $q$
            UPDATE silo_members SET alive_at=@IAmAliveTime WHERE deployment=@DeploymentId AND address=@Address AND port=@Port AND generation=@Generation $q$),
        ('CleanupDefunctSiloEntriesKey', $q$
            DELETE FROM silo_members WHERE deployment=@DeploymentId AND alive_at < @IAmAliveTime AND status <> 3 $q$),
        ('DeleteMembershipTableEntriesKey', $q$
            WITH gone AS (DELETE FROM silo_members WHERE deployment=@DeploymentId RETURNING 1) UPDATE silo_versions SET version=version+1, changed_at=now() WHERE deployment=@DeploymentId $q$);

        """;

    private const string Reminders =
        """
        INSERT INTO orleansquery VALUES
        ('ReadReminderRowsKey', $q$
            SELECT grain AS grainid, name AS remindername, starts_at AS starttime, period, version FROM silo_reminders WHERE service=@ServiceId AND grain=@GrainId $q$),
        ('ReadReminderRowKey', $q$
            SELECT grain AS grainid, name AS remindername, starts_at AS starttime, period, version FROM silo_reminders WHERE service=@ServiceId AND grain=@GrainId AND name=@ReminderName $q$),
        ('ReadRangeRows1Key', $q$
            SELECT grain AS grainid, name AS remindername, starts_at AS starttime, period, version FROM silo_reminders WHERE service=@ServiceId AND hash > @BeginHash AND hash <= @EndHash $q$),
        ('ReadRangeRows2Key', $q$
            SELECT grain AS grainid, name AS remindername, starts_at AS starttime, period, version FROM silo_reminders WHERE service=@ServiceId AND (hash > @BeginHash OR hash <= @EndHash) $q$),
        ('UpsertReminderRowKey', $q$
            INSERT INTO silo_reminders AS r(service, grain, name, starts_at, period, hash) VALUES(@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash)
            ON CONFLICT(service, grain, name) DO UPDATE SET starts_at=excluded.starts_at, period=excluded.period, hash=excluded.hash, version=r.version+1 RETURNING version $q$),
        ('DeleteReminderRowKey', $q$
            WITH gone AS (DELETE FROM silo_reminders WHERE service=@ServiceId AND grain=@GrainId AND name=@ReminderName AND version=@Version RETURNING 1) SELECT count(*)::int FROM gone $q$),
        ('DeleteReminderRowsKey', $q$
            DELETE FROM silo_reminders WHERE service=@ServiceId $q$);
        """;
}
