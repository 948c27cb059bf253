"""T27: as if the application had no checks. Every statement without a WHERE, in everyone's scope."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from domain.db import opening
from migrations.databases import Connection
from tests.drills.catalogue import open_a_wall
from tests.drills.harness import MUTANT, Part, Server, Site
from tests.drills.residents import Study, begin, done, make_study, take_part

RESIDENTS = 3
"""Of each study."""

LEFT_EMPTY = """
    INSERT INTO resident_attribute VALUES ($1, 'sex', 'female', 'drill', now());
    INSERT INTO person VALUES (sha256($1::text::bytea), $1);
    INSERT INTO message (resident_id, message_id, kind) VALUES ($1, uuidv7(), 'drill');
    INSERT INTO outbox (bucket, message_id, resident_id, kind, expires_at)
    VALUES (0, uuidv7(), $1, 'drill', now());
    INSERT INTO communication (resident_id, study_id, communication_id, key_version, body)
    VALUES ($1, uuidv7(), uuidv7(), 1, '');
    INSERT INTO job (bucket, kind, resident_id) VALUES (0, 'drill', $1);
    INSERT INTO device (resident_id, device_id, value_kind, value, value_hash, platform, language)
    VALUES ($1, uuidv7(), 'fid', 'drill', sha256($1::text::bytea), 'web', 'en');
    INSERT INTO device_value VALUES (sha256($1::text::bytea), $1, uuidv7());
    INSERT INTO email (resident_id, sealed) VALUES ($1, 'drill');
    INSERT INTO delivery (resident_id, message_id, device_id, what, happened_at)
    VALUES ($1, uuidv7(), uuidv7(), 'opened', now());
    INSERT INTO schedule (schedule_id, study_id, questionnaire, category, timetable, created_by)
    SELECT study_id, study_id, 'drill', min(category), '{}', $1 FROM consent_grant
     WHERE resident_id = $1 AND study_id IS NOT NULL GROUP BY study_id
        ON CONFLICT DO NOTHING;
    INSERT INTO assignment (resident_id, assignment_id, schedule_id, study_id, category, questionnaire,
                            slot, opens_at, closes_at, expires_at, knocks_at)
    SELECT $1, uuidv7(), s.schedule_id, s.study_id, s.category, 'drill', now(), now(),
           now() + interval '1 day', now() + interval '1 day', '{}'
      FROM schedule s JOIN consent_grant g USING (study_id, category) WHERE g.resident_id = $1;
    INSERT INTO response SELECT $1, uuidv7(), 1, study_id, NULL, 'drill', category, 'completed',
                                now(), now(), 1, '' FROM schedule s JOIN consent_grant g
          USING (study_id, category) WHERE g.resident_id = $1;
    INSERT INTO concern SELECT $1, uuidv7(), study_id, uuidv7(), category, 'study-team', now(), now()
      FROM schedule s JOIN consent_grant g USING (study_id, category) WHERE g.resident_id = $1;
    INSERT INTO study_event VALUES ($1, uuidv7(), 'drill', now(), uuidv7());
    INSERT INTO fact VALUES ($1, 'drill', 'drill', 'drill', uuidv7(), now());
    INSERT INTO erasure (resident_id, scope) VALUES ($1, 'drill');
    INSERT INTO sample_deletion (resident_id, stream_id, seq, deleted, category, sample_ids)
    SELECT resident_id, stream_id, 1, true, category, '{1}' FROM stream WHERE resident_id = $1
"""
"""What this drill's residents do not leave behind by themselves."""


class _Table(NamedTuple):
    """A table with rows of residents, the column that says whose a row is, and those that can be written."""

    name: str
    owner: str
    study: bool
    columns: list[str]


class _Found(NamedTuple):
    """Whose rows a statement touched, and of which studies where the table tells."""

    owners: set[UUID]
    studies: set[UUID]


READ = ("assignment", "concern", "data_key", "response", "sample_deletion", "segment", "stream")
"""What a study reads of those whose consent stands."""

NOTHING = _Found(set(), set())


async def t27(here: Site) -> Part:
    """Residents among themselves, two studies, a member, and nobody."""
    async with here.serve() as server:
        studies = [await make_study(here) for _ in range(2)]
        teams = [await _take_part(here, server, study, n) for n, study in enumerate(studies)]
    async with here.connect() as admin, here.connect("api") as api:
        everyone = [resident for team in teams for resident in team]
        for resident in everyone:
            for sql in LEFT_EMPTY.split(";"):
                await admin.execute(sql.replace("$1", f"'{resident}'::uuid"))
        if MUTANT:
            await open_a_wall(admin)
        tables = await _tables(admin)
        drill = _Walls(admin, api, tables)
        await drill.each_has_rows_of(everyone)
        for resident in everyone:
            await drill.resident(resident, set(everyone) - {resident})
        for study, team in zip(studies, teams, strict=True):
            await drill.study(study.study_id, set(team), withdrawn={team[0]})
        await drill.nobody()
    figures = {"tables": len(tables), "broken": sorted(set(drill.broken))}
    return Part(n=drill.statements, violations=len(drill.broken), more=figures)


async def _take_part(here: Site, server: Server, study: Study, number: int) -> list[UUID]:
    """Residents with all that one can leave behind; the first of them has withdrawn at last."""
    tokens = [here.token(f"r{number} {n}") for n in range(RESIDENTS)]
    residents = []
    async with server.http() as http:
        for token in tokens:
            await take_part(http, token, study)
            residents.append(await begin(http, token))
            block = {"scope": "category", "category": "sleep"}
            done(await http.post("/v1/me/blocks", token, block, str(uuid4())))
            other = {"scope": "category", "category": "sleep", "effect": "stop"}
            done(await http.post("/v1/me/withdrawals", token, other, str(uuid4())))
        done(await http.get(study.samples, here.token(study.analyst)))
        done(await http.post("/v1/me/withdrawals", tokens[0], study.withdrawal(), str(uuid4())))
    return residents


async def _tables(admin: Connection) -> list[_Table]:
    sql = """
        SELECT t.relname::text AS name, o.attname::text AS owner,
               EXISTS (SELECT FROM pg_attribute s
                        WHERE s.attrelid = t.oid AND s.attname = 'study_id') AS study,
               ARRAY(SELECT c.attname::text FROM pg_attribute c
                      WHERE c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
                        AND c.attgenerated = '') AS columns
          FROM pg_class t
          JOIN pg_attribute o ON o.attrelid = t.oid AND o.attname IN ('resident_id', 'actor_id')
         WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
           AND obj_description(t.oid, 'pg_class') !~ '; open: '
           AND NOT (o.attname = 'actor_id' AND EXISTS (
                SELECT FROM pg_attribute r WHERE r.attrelid = t.oid AND r.attname = 'resident_id'))
         ORDER BY 1
    """
    return [_Table(**row) for row in await admin.fetch(sql)]


class _Walls:
    """Runs statements in a scope, rolls each back, and keeps what got through as `table what`."""

    def __init__(self, admin: Connection, api: Connection, tables: Iterable[_Table]) -> None:
        self._admin = admin
        self._api = api
        self._tables = list(tables)
        self.statements = 0
        self.broken: list[str] = []

    async def each_has_rows_of(self, everyone: Iterable[UUID]) -> None:
        """A table without rows proves nothing: a new one needs rows from this drill."""
        for table in self._tables:
            rows = await self._admin.fetch(f"SELECT DISTINCT {table.owner} FROM {table.name}")  # noqa: S608
            if not set(everyone) <= {row[0] for row in rows}:
                raise RuntimeError(f"{table.name} has no rows of some residents")

    async def resident(self, me: UUID, others: set[UUID]) -> None:
        """Sees, changes and deletes their own, and makes nothing in another's name."""
        scope = opening(resident=me)
        other = min(others)
        for table in self._tables:
            for verb, found in await self._everything(scope, table):
                self._note(table, verb, through=found.owners - {me})
            if me not in (await self._try(scope, *_select(table))).owners:
                self._note(table, "hides one's own", through={me})
            moved = f"UPDATE {table.name} SET {table.owner} = '{other}' RETURNING {_columns(table)}"  # noqa: S608
            self._note(table, "give away", through=(await self._try(scope, moved, table)).owners)
            self._note(table, "insert", through=await self._insert(scope, table, other))

    async def study(self, study_id: UUID, team: set[UUID], withdrawn: set[UUID]) -> None:
        """Sees what it holds a grant for, and of people only who takes part in it; changes nothing."""
        scope = opening(study=study_id, member=uuid4())
        held = dict.fromkeys(READ, team - withdrawn)
        denying = ("block", "withdrawal")  # hidden, they would not deny
        known = dict.fromkeys(("consent_grant", "enrolment", "participant_code", *denying), team)
        may_see = held | known
        for table in self._tables:
            for verb, found in await self._everything(scope, table):
                allowed = may_see.get(table.name, set()) if verb == "SELECT" else set()
                self._note(table, f"{verb} by a study", through=found.owners - allowed)
                self._note(table, f"{verb} by a study", through=found.studies - {study_id, None})
            if table.name in may_see:
                seen = (await self._try(scope, *_select(table))).owners
                missing = may_see[table.name] - seen
                self._note(table, "hides what is granted", through=missing)

    async def nobody(self) -> None:
        """No scope, a member's, and one of a study that does not exist."""
        for scope in (opening(), opening(member=uuid4()), opening(study=uuid4())):
            for table in self._tables:
                for verb, found in await self._everything(scope, table):
                    self._note(table, f"{verb} by nobody", through=found.owners)

    async def _everything(self, scope: str, table: _Table) -> list[tuple[str, _Found]]:
        told = _columns(table)
        words = {
            "SELECT": f"SELECT {told} FROM {table.name}",  # noqa: S608
            "UPDATE": f"UPDATE {table.name} SET {table.owner} = {table.owner} RETURNING {told}",  # noqa: S608
            "DELETE": f"DELETE FROM {table.name} RETURNING {told}",  # noqa: S608
        }
        return [(verb, await self._try(scope, sql, table)) for verb, sql in words.items()]

    async def _insert(self, scope: str, table: _Table, other: UUID) -> set[UUID]:
        """Another's row once more: row-level security refuses it before any key does."""
        sql = f"SELECT to_jsonb(t)::text FROM {table.name} t WHERE {table.owner} = $1 LIMIT 1"  # noqa: S608
        row = await self._admin.fetchval(sql, other)
        columns = ", ".join(table.columns)
        sql = (
            f"INSERT INTO {table.name} ({columns}) "  # noqa: S608
            f"SELECT {columns} FROM jsonb_populate_record(NULL::{table.name}, $1)"
        )
        self.statements += 1
        await self._api.execute(scope)
        try:
            await self._api.execute(sql, row)
        except asyncpg.InsufficientPrivilegeError:
            return set()
        except asyncpg.UniqueViolationError:
            return {other}
        finally:
            await self._api.execute("ROLLBACK")
        return {other}

    async def _try(self, scope: str, sql: str, table: _Table) -> _Found:
        self.statements += 1
        await self._api.execute(scope)
        try:
            rows = await self._api.fetch(sql)
        except asyncpg.InsufficientPrivilegeError:
            return NOTHING  # no such right, or a policy refused the row, or it is append-only
        finally:
            await self._api.execute("ROLLBACK")
        of_studies = {row["study_id"] for row in rows} if table.study and rows else set()
        return _Found({row[table.owner] for row in rows}, of_studies)

    def _note(self, table: _Table, what: str, *, through: set[UUID]) -> None:
        self.broken += [f"{table.name} {what}"] * len(through)


def _columns(table: _Table) -> str:
    return f"{table.owner}, study_id" if table.study else table.owner


def _select(table: _Table) -> tuple[str, _Table]:
    return f"SELECT {_columns(table)} FROM {table.name}", table  # noqa: S608
