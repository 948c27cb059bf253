"""T08: the storage fails at each row that an upload writes; all of it is gone, and the key unused."""

from collections import Counter
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from migrations.databases import Connection
from tests.drills.harness import MUTANT, Part, Site, scaled
from tests.drills.http import Answer, Http
from tests.drills.residents import NOON, Study, begin, done, make_study
from tests.drills.uploads import PATH, given, value_of

TABLES = ("data_key", "stream", "segment", "sample_deletion", "reply")
"""What an upload inserts rows into."""
ERRORS = {"53100": 503, "40001": 503, "XX001": 500}
"""A full disk, a conflict, and damage that nobody foresaw, each with how it is to be told."""
MEASURES = ("heart-rate", "resting-heart-rate", "heart-rate-variability-sdnn")
MONTH_MS = 33 * 24 * 60 * 60_000
SAMPLES = 20
TURNS = 2
MUTANTS_ROWS = 8
"""So many rows are dropped by the mutant, which tells nobody."""


class _Case(NamedTuple):
    """A resident with an upload that fails."""

    token: str
    resident_id: UUID
    body: dict[str, Any]
    key: str

    async def send(self, http: Http) -> Answer:
        return await http.post(PATH, self.token, self.body, self.key)


class _Fault(NamedTuple):
    """Where and how the storage fails."""

    row: int
    code: str
    later: bool


async def t08(here: Site) -> Part:
    """First uploads and later ones, at row 1, 2, 3 and so on until there is none: 0 partial."""
    wrongs, told, rows = Counter[str](), Counter[str](), Counter[str]()
    study = await make_study(here)
    async with here.serve() as server, here.connect() as admin, server.http() as http:
        await _arm(admin)
        for turn in range(scaled(TURNS)):
            for code in ERRORS:
                for later in (False, True):
                    for row in count(1):
                        fault = _Fault(row, code, later)
                        case = await _case(here, http, study, f"{turn} {fault}", later=later)
                        if not await _failed(admin, http, case, fault, wrongs, told):
                            break
                    rows["later" if later else "first"] = row - 1
    figures = {"rows": dict(rows), "statuses": dict(told), "wrongs": dict(wrongs)}
    return Part(n=told.total(), violations=wrongs.total(), more=figures)


async def _arm(admin: Connection) -> None:
    """Let the API's inserts be counted within each transaction, and one of them fail."""
    await admin.execute("""
        CREATE TABLE fault (at integer NOT NULL, code text NOT NULL, silent boolean NOT NULL);
        INSERT INTO fault VALUES (0, '', false);
        GRANT SELECT ON fault TO medverka_api;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            row integer := 1 + coalesce(nullif(current_setting('drill.row', true), ''), '0')::integer;
            f fault;
        BEGIN
            PERFORM set_config('drill.row', row::text, true);
            SELECT * INTO f FROM fault;
            IF row = f.at AND f.silent THEN
                RETURN NULL;
            ELSIF row = f.at THEN
                RAISE EXCEPTION 'it fails here' USING ERRCODE = f.code;
            END IF;
            RETURN new;
        END $$
    """)
    for table in TABLES:
        await admin.execute(
            f"CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
        )


async def _case(here: Site, http: Http, study: Study, name: str, *, later: bool) -> _Case:
    token = here.token(name)
    resident_id = await begin(http, token)
    done(await http.post("/v1/me/consent-events", token, study.answer(), str(uuid4())))
    if later:
        done(await http.post(PATH, token, _upload(NOON), str(uuid4())))
    return _Case(token, resident_id, _upload(NOON + 60_000), str(uuid4()))


async def _failed(
    admin: Connection,
    http: Http,
    case: _Case,
    fault: _Fault,
    wrongs: Counter[str],
    told: Counter[str],
) -> bool:
    """Whether there was such a row: then nothing may be left, and the retry is as if it were the first."""
    before = await _stored(admin, case)
    sql = "UPDATE fault SET at = $1, code = $2, silent = $3"
    await admin.execute(sql, fault.row, fault.code, MUTANT)
    answer = await case.send(http)
    await admin.execute("UPDATE fault SET at = 0")
    if answer.ok and not MUTANT:
        return False
    told[str(answer.status)] += 1
    wrongs["told otherwise"] += answer.status != ERRORS[fault.code]
    wrongs["partial"] += await _stored(admin, case) != before
    first, again = await case.send(http), await case.send(http)
    everything = 2 * SAMPLES * len(MEASURES)
    wrongs["retry"] += not first.ok or first.json()["accepted"] != everything
    wrongs["replay"] += first.body != again.body or "idempotency-replayed" not in again.headers
    there = await given(http, case.token)
    held = sum(map(len, there.values()))
    wrongs["read back"] += held != everything * (2 if fault.later else 1)
    return fault.row < MUTANTS_ROWS or not MUTANT


async def _stored(admin: Connection, case: _Case) -> str:
    """All that is stored of a resident's donations, as one digest."""
    sql = """
        SELECT md5(coalesce(string_agg(row, '|' ORDER BY row), '')) AS digest
          FROM (SELECT s::text FROM stream s WHERE resident_id = $1
                UNION ALL SELECT s::text FROM segment s WHERE resident_id = $1
                UNION ALL SELECT k::text FROM data_key k WHERE resident_id = $1
                UNION ALL SELECT d::text FROM sample_deletion d WHERE resident_id = $1
                UNION ALL SELECT r::text FROM reply r WHERE actor_id = $1) kept (row)
    """
    digest: str = await admin.fetchval(sql, case.resident_id)
    return digest


def _upload(first_ms: int) -> dict[str, Any]:
    """Three measures, each in two segments, and a deletion."""
    starts = [first_ms + month * MONTH_MS + 1000 * n for month in range(2) for n in range(SAMPLES)]
    batches = [
        {
            "measure": measure,
            "unit": "ms" if measure.endswith("sdnn") else "/min",
            "utc_offset_minutes": 60,
            "start": starts,
            "value": [value_of(at) for at in starts],
        }
        for measure in MEASURES
    ]
    gone = {"measure": MEASURES[0], "id": ["never-given"]}
    return {"source": {"app": "watch"}, "batches": batches, "deletions": [gone]}
