"""What the doctor asks of a database: its roles, its walls, its settings, its clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.db import Connection


async def mighty_roles(conn: Connection) -> list[str]:
    """Those of our roles that could pass by row-level security, or change what they should not."""
    sql = """
        SELECT rolname FROM pg_roles
         WHERE rolname ~ '^medverka_(owner|migrator|api|worker|auditor)$'
           AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
                OR rolcanlogin = (rolname = 'medverka_owner'))
         UNION
        SELECT member::regrole::text FROM pg_auth_members
         WHERE member::regrole::text ~ '^medverka_(api|worker|auditor)$'
         UNION
        SELECT tableowner::text FROM pg_tables
         WHERE schemaname = 'public' AND tableowner <> 'medverka_owner'
         ORDER BY rolname
    """
    return [row["rolname"] for row in await conn.fetch(sql)]


async def tables_without_wall(conn: Connection) -> list[str]:
    """Tables with rows of residents on which row-level security is not forced."""
    sql = """
        SELECT relname FROM pg_class t
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND NOT (relrowsecurity AND relforcerowsecurity)
           AND coalesce(obj_description(oid, 'pg_class'), '') !~ '; open: '
           AND (obj_description(oid, 'pg_class') ~ '^class: resident'
                OR EXISTS (SELECT FROM pg_attribute
                            WHERE attrelid = t.oid AND attname = 'resident_id'))
         ORDER BY relname
    """
    return [row["relname"] for row in await conn.fetch(sql)]


async def settings(conn: Connection, names: Sequence[str]) -> Mapping[str, str]:
    """PostgreSQL's own settings, as they count for this role in this database."""
    sql = "SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name"
    return {row["name"]: row["setting"] for row in await conn.fetch(sql, names)}


async def clock(conn: Connection) -> datetime:
    """The time on the database's clock."""
    sql = "SELECT clock_timestamp() AS now"
    now: datetime = await conn.fetchval(sql)
    return now
