"""What a whole database holds, whose it is, and how it was: for drills that must find it unchanged."""

from collections.abc import Mapping
from typing import NamedTuple

from asyncpg import Connection

Digests = Mapping["Part", str]
"""An MD5 over the ordered rows of each part."""

OWNERS = ("resident_id", "actor_id", "study_id")
"""The column that says whose a row is: the first of these that its table has."""


class Part(NamedTuple):
    """The rows of one table that belong to one resident, actor or study; '' for nobody's."""

    table: str
    owner: str


class Snapshot:
    """A database as it was, kept beside itself. The connection is an administrator's, and its own."""

    def __init__(self, admin: Connection, columns: Mapping[str, list[str]], sql: str) -> None:
        self._admin = admin
        self._columns = columns
        self._sql = sql
        self._xid = -1
        self.base: Digests = {}

    @classmethod
    async def take(cls, admin: Connection) -> "Snapshot":
        """Keep every table as it is now."""
        columns = await _columns(admin)
        await admin.execute("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        for table in columns:
            await admin.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')
        made = cls(admin, columns, " UNION ALL ".join(map(_digest, columns, columns.values())))
        made.base = await made._digests()
        return made

    async def changes(self) -> frozenset[Part]:
        """What is other than it was. Nothing can be where no transaction has been given an id."""
        sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        xid: int = await self._admin.fetchval(sql)
        if xid == self._xid:
            return frozenset()
        now = await self._digests()
        differing = {p for p in now.keys() | self.base.keys() if now.get(p) != self.base.get(p)}
        if not differing:
            self._xid = xid
        return frozenset(differing)

    async def streams_differ(self) -> bool:
        """Whether a stream came, went, or holds more or fewer samples than it did."""
        sql = """
            SELECT count(*) FROM public.stream s FULL JOIN kept.stream k USING (resident_id, stream_id)
             WHERE s.samples IS DISTINCT FROM k.samples
        """
        return bool(await self._admin.fetchval(sql))

    async def restore(self, changed: frozenset[Part]) -> None:
        """Put back the tables that changed."""
        words = ["BEGIN", "SET LOCAL session_replication_role = replica"]
        for table in sorted({part.table for part in changed}):
            names = ", ".join(f'"{column}"' for column in self._columns[table])
            copied = f'INSERT INTO "{table}" ({names}) SELECT {names} FROM kept."{table}"'  # noqa: S608 - from the catalogue
            words += [f'DELETE FROM "{table}"', copied]  # noqa: S608
        await self._admin.execute("; ".join([*words, "COMMIT"]))

    async def _digests(self) -> Digests:
        rows = await self._admin.fetch(self._sql)
        return {Part(row["name"], row["owner"]): row["digest"] for row in rows}


async def _columns(admin: Connection) -> dict[str, list[str]]:
    sql = """
        SELECT c.relname, array_agg(a.attname::text) AS columns
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         GROUP BY c.relname ORDER BY c.relname
    """
    return {row["relname"]: row["columns"] for row in await admin.fetch(sql)}


def _digest(table: str, columns: list[str]) -> str:
    owner = next((column for column in OWNERS if column in columns), None)
    whose = f"coalesce({owner}::text, '')" if owner else "''"
    return f"""
        SELECT '{table}' AS name, {whose} AS owner,
               md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS digest
          FROM public."{table}" t GROUP BY 2
    """  # noqa: S608 - names from the catalogue
