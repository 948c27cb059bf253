"""What holds for every table, as PostgreSQL's own catalogue tells it (design: sharding; drill T40).

A table says its class at the start of its comment. `; open: why` after it says that rows of all
residents may be seen, `; append-only` that no role of the application changes a row.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from domain.checkup import tables_without_wall
from migrations.databases import Connection, connected
from migrations.embedded import Cluster
from tests.database import Database, clone, drop

# What runs with its owner's rights: each one reviewed, and nobody else may call it.
RUN_AS_OWNER: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def catalogue(cluster: Cluster, template: str) -> Iterator[Database]:
    database = asyncio.run(clone(cluster, template))
    yield database
    asyncio.run(drop(database))


@pytest.fixture
async def admin(catalogue: Database) -> AsyncIterator[Connection]:
    """One database serves all of these tests: what they change is rolled back."""
    async with connected(catalogue.dsn("admin")) as conn:
        await conn.execute("BEGIN")
        yield conn


async def names(admin: Connection, sql: str) -> list[str]:
    return [str(row[0]) for row in await admin.fetch(sql)]


async def test_every_table_says_its_class(admin: Connection) -> None:
    sql = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')
           AND coalesce(obj_description(oid, 'pg_class'), '')
               !~ '^class: (resident|queue|directory|reference)(;|$)'
    """
    assert await names(admin, sql) == []


async def test_every_table_has_a_primary_key(admin: Connection) -> None:
    sql = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)
    """
    assert await names(admin, sql) == []


async def test_every_key_leads_with_what_its_table_is_distributed_by(admin: Connection) -> None:
    """Resident tables by the resident, queues by the bucket, directories by their key."""
    sql = """
        WITH key AS (
            SELECT t.oid, t.relname, i.indexrelid::regclass AS index, i.indisprimary, a.attname,
                   substring(obj_description(t.oid, 'pg_class') FROM '^class: (\\w+)') AS class
              FROM pg_class t
              JOIN pg_index i ON i.indrelid = t.oid
              LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
             WHERE t.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)
        )
        SELECT k.index FROM key k JOIN key p ON p.oid = k.oid AND p.indisprimary
         WHERE k.class <> 'reference'
           AND k.attname IS DISTINCT FROM CASE k.class WHEN 'resident' THEN 'resident_id'
                                                       WHEN 'queue' THEN 'bucket'
                                                       ELSE p.attname END
    """
    assert await names(admin, sql) == []


async def test_every_foreign_key_stays_on_one_node(admin: Connection) -> None:
    """To a reference table, which is everywhere, or between tables of the same resident."""
    sql = """
        WITH class AS (
            SELECT oid, substring(obj_description(oid, 'pg_class') FROM '^class: (\\w+)') AS name
              FROM pg_class WHERE relnamespace = 'public'::regnamespace
        )
        SELECT f.conname FROM pg_constraint f
          JOIN class here ON here.oid = f.conrelid JOIN class there ON there.oid = f.confrelid
          JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
         WHERE f.contype = 'f' AND there.name <> 'reference'
           AND NOT (here.name = 'resident' AND there.name = 'resident' AND a.attname = 'resident_id')
    """
    assert await names(admin, sql) == []


async def test_no_number_is_handed_out_in_turn(admin: Connection) -> None:
    sql = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
        UNION ALL
        SELECT attrelid::regclass || '.' || attname FROM pg_attribute
         WHERE attidentity <> '' AND attrelid >= 16384
    """
    assert await names(admin, sql) == []


async def test_every_table_with_rows_of_residents_is_walled_for_all_even_its_owner(
    admin: Connection,
) -> None:
    assert await tables_without_wall(admin) == []


async def test_every_wall_has_a_gate(admin: Connection) -> None:
    """Without a policy nothing is seen, which would be noticed late."""
    sql = """
        SELECT relname FROM pg_class t
         WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
           AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid)
    """
    assert await names(admin, sql) == []


async def test_no_policy_is_for_everyone(admin: Connection) -> None:
    sql = "SELECT polrelid::regclass || '.' || polname FROM pg_policy WHERE polroles = '{0}'"
    assert await names(admin, sql) == []


async def test_nobody_who_logs_in_is_above_the_walls(admin: Connection) -> None:
    sql = """
        SELECT rolname FROM pg_roles
         WHERE rolname LIKE 'medverka%'
           AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
                OR rolcanlogin = (rolname = 'medverka_owner'))
        UNION ALL
        SELECT member::regrole::text FROM pg_auth_members
         WHERE member::regrole::text ~ '^medverka_(api|worker|auditor)$'
            OR (member = 'medverka_migrator'::regrole AND inherit_option)
    """
    assert await names(admin, sql) == []


async def test_nobody_who_logs_in_owns_anything(admin: Connection) -> None:
    sql = """
        SELECT classid::regclass || ' of ' || refobjid::regrole FROM pg_shdepend
         WHERE deptype = 'o' AND refclassid = 'pg_authid'::regclass
           AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
           AND refobjid::regrole::text ~ '^medverka_(migrator|api|worker|auditor)$'
    """
    assert await names(admin, sql) == []


async def test_nothing_is_granted_to_everyone(admin: Connection) -> None:
    """Functions apart: only our roles enter the database, and RUN_AS_OWNER is closed below."""
    sql = """
        SELECT relname FROM pg_class, aclexplode(relacl) AS acl
         WHERE relnamespace = 'public'::regnamespace AND acl.grantee = 0
        UNION ALL
        SELECT nspname FROM pg_namespace, aclexplode(nspacl) AS acl
         WHERE nspname = 'public' AND acl.grantee = 0
    """
    assert await names(admin, sql) == []


async def test_the_application_neither_truncates_nor_references_nor_hangs_triggers(
    admin: Connection,
) -> None:
    sql = """
        SELECT relname || ': ' || acl.privilege_type FROM pg_class, aclexplode(relacl) AS acl
         WHERE relnamespace = 'public'::regnamespace
           AND acl.grantee::regrole::text ~ '^medverka_(api|worker|auditor)$'
           AND acl.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    """
    assert await names(admin, sql) == []


async def test_what_is_append_only_is_not_changed_and_traps_who_tries(admin: Connection) -> None:
    sql = """
        SELECT relname FROM pg_class t
         WHERE obj_description(oid, 'pg_class') ~ '; append-only'
           AND (has_any_column_privilege('medverka_api', oid, 'UPDATE')
                OR has_any_column_privilege('medverka_worker', oid, 'UPDATE')
                OR NOT EXISTS (SELECT FROM pg_trigger
                                WHERE tgrelid = t.oid AND tgtype & 18 = 18))
    """
    assert await names(admin, sql) == []


async def test_a_view_sees_no_more_than_who_looks(admin: Connection) -> None:
    sql = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace
           AND (relkind = 'm'
                OR relkind = 'v' AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}')
    """
    assert await names(admin, sql) == []


async def test_only_reviewed_functions_run_with_their_owner_s_rights(admin: Connection) -> None:
    sql = """
        SELECT proname FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prosecdef
    """
    assert set(await names(admin, sql)) == RUN_AS_OWNER


async def test_who_runs_as_the_owner_fixes_its_search_path_and_its_callers(
    admin: Connection,
) -> None:
    sql = """
        SELECT proname FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND prosecdef
           AND (has_function_privilege('public', oid, 'EXECUTE')
                OR NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                                WHERE setting LIKE 'search_path=%'))
    """
    assert await names(admin, sql) == []


@pytest.mark.parametrize("role", ["api", "worker", "auditor", "migrator"])
async def test_who_waits_too_long_is_told(admin: Connection, role: str) -> None:
    sql = """
        SELECT 'lock_timeout' = ANY (
            SELECT split_part(setting, '=', 1) FROM pg_db_role_setting, unnest(setconfig) AS setting
             WHERE setrole = ('medverka_' || $1)::regrole)
    """
    assert await admin.fetchval(sql, role)


@pytest.mark.parametrize(
    ("slip", "noticed_by"),
    [
        ("CREATE TABLE slip (id uuid PRIMARY KEY)", test_every_table_says_its_class),
        ("CREATE TABLE slip (id uuid)", test_every_table_has_a_primary_key),
        (
            "CREATE UNIQUE INDEX slip ON enrolment (code)",
            test_every_key_leads_with_what_its_table_is_distributed_by,
        ),
        (
            "ALTER TABLE outbox ADD FOREIGN KEY (resident_id) REFERENCES resident",
            test_every_foreign_key_stays_on_one_node,
        ),
        ("CREATE TABLE slip (id serial PRIMARY KEY)", test_no_number_is_handed_out_in_turn),
        (
            "CREATE TABLE slip (id int GENERATED ALWAYS AS IDENTITY)",
            test_no_number_is_handed_out_in_turn,
        ),
        (
            "ALTER TABLE enrolment NO FORCE ROW LEVEL SECURITY",
            test_every_table_with_rows_of_residents_is_walled_for_all_even_its_owner,
        ),
        (
            "CREATE TABLE slip (id uuid PRIMARY KEY, resident_id uuid)",
            test_every_table_with_rows_of_residents_is_walled_for_all_even_its_owner,
        ),
        ("ALTER TABLE study ENABLE ROW LEVEL SECURITY", test_every_wall_has_a_gate),
        ("CREATE POLICY slip ON enrolment USING (true)", test_no_policy_is_for_everyone),
        ("ALTER TABLE study OWNER TO medverka_api", test_nobody_who_logs_in_owns_anything),
        ("GRANT SELECT ON study TO PUBLIC", test_nothing_is_granted_to_everyone),
        (
            "GRANT TRUNCATE ON study TO medverka_api",
            test_the_application_neither_truncates_nor_references_nor_hangs_triggers,
        ),
        (
            "GRANT UPDATE (seq) ON consent_event TO medverka_worker",
            test_what_is_append_only_is_not_changed_and_traps_who_tries,
        ),
        ("CREATE VIEW slip AS SELECT * FROM study", test_a_view_sees_no_more_than_who_looks),
        (
            "CREATE MATERIALIZED VIEW slip AS SELECT * FROM study",
            test_a_view_sees_no_more_than_who_looks,
        ),
        (
            "CREATE FUNCTION slip() RETURNS int SECURITY DEFINER RETURN 1",
            test_only_reviewed_functions_run_with_their_owner_s_rights,
        ),
        (
            "CREATE FUNCTION slip() RETURNS int SECURITY DEFINER RETURN 1",
            test_who_runs_as_the_owner_fixes_its_search_path_and_its_callers,
        ),
    ],
)
async def test_each_slip_is_noticed(
    admin: Connection, slip: str, noticed_by: Callable[[Connection], Awaitable[None]]
) -> None:
    await admin.execute(slip)
    with pytest.raises(AssertionError):
        await noticed_by(admin)
