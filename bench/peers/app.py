"""The stack that most would write for this: FastAPI, Pydantic, asyncpg, one row a sample.

No row-level security, no encryption, no Idempotency-Key, no lock against a withdrawal under way.
`/donations` is as FastAPI's documentation shows it: a declared body, times as dates, a transaction
a request. `/donations/tuned` is what is left when the profiler has been through it: integers for
times, the body read by Pydantic's Rust core itself, two statements without a transaction around
them, and connections that are never reset.
"""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from bench.peers.table import HEART_RATE

ADDRESS, KEY, ISSUER, AUDIENCE = "PEER_DATABASE", "PEER_KEY", "PEER_ISSUER", "PEER_AUDIENCE"
CATEGORY = "heart"
POOL = 8
YEAR_2000 = 946_684_800_000

Heart = Annotated[float, Field(ge=20, le=300)]


class Sample(BaseModel):
    start: AwareDatetime
    value: Heart


class TunedSample(BaseModel):
    start: Annotated[int, Field(ge=YEAR_2000)]
    value: Heart


class Upload(BaseModel):
    source: Annotated[str, Field(max_length=64)]
    unit: Literal["/min"]
    samples: Annotated[list[Sample], Field(min_length=1, max_length=10_000)]


class TunedUpload(Upload):
    samples: Annotated[list[TunedSample], Field(min_length=1, max_length=10_000)]  # type: ignore[assignment] # the same, written otherwise


class Stored(BaseModel):
    accepted: int
    duplicates: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.key = RSAKey.import_key(json.loads(os.environ[KEY]))
    app.state.wanted = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": os.environ[ISSUER]},
        aud={"essential": True, "value": os.environ[AUDIENCE]},
        exp={"essential": True},
    )
    address = os.environ[ADDRESS]
    async with (
        asyncpg.create_pool(address, min_size=POOL, max_size=POOL) as app.state.pool,
        asyncpg.create_pool(
            address, min_size=POOL, max_size=POOL, reset=_leave_as_is
        ) as app.state.tuned,
    ):
        yield


async def _leave_as_is(_: object) -> None:
    """One statement is one transaction: nothing is left to undo."""


async def caller(request: Request) -> UUID:
    """The resident that the token is of."""
    state, token = request.app.state, request.headers.get("authorization", "")
    try:
        claims = jwt.decode(token.removeprefix("Bearer "), state.key, algorithms=["RS256"]).claims
        state.wanted.validate(claims)
        return UUID(claims["sub"])
    except (JoseError, ValueError, KeyError):
        raise HTTPException(401) from None


Me = Annotated[UUID, Depends(caller)]


async def donate(request: Request, me: Me, upload: Upload) -> Stored:
    """Store what is new of an upload."""
    sql = """
        INSERT INTO donation (resident, measure, start, value)
        SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::float8[])
            ON CONFLICT DO NOTHING
    """
    starts = [sample.start for sample in upload.samples]
    async with request.app.state.pool.acquire() as conn, conn.transaction():
        return await _stored(conn, sql, me, starts, [s.value for s in upload.samples])


async def donate_tuned(request: Request, me: Me) -> Stored:
    """The same, with all that is not needed taken away."""
    sql = """
        INSERT INTO sample (resident, measure, start_ms, value)
        SELECT $1, $2, * FROM unnest($3::bigint[], $4::float8[])
            ON CONFLICT DO NOTHING
    """
    try:
        upload = TunedUpload.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_input=False)) from None
    starts = [sample.start for sample in upload.samples]
    async with request.app.state.tuned.acquire() as conn:
        return await _stored(conn, sql, me, starts, [s.value for s in upload.samples])


async def _stored(
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    sql: str,
    resident: UUID,
    starts: Sequence[object],
    values: Sequence[float],
) -> Stored:
    consented = """
        SELECT true FROM consent
         WHERE resident = $1 AND category = $2 AND now() BETWEEN given_at AND valid_until
    """
    if not await conn.fetchval(consented, resident, CATEGORY):
        raise HTTPException(403)
    done = await conn.execute(sql, resident, HEART_RATE, starts, values)
    accepted = int(done.rsplit(" ", 1)[1])
    return Stored(accepted=accepted, duplicates=len(values) - accepted)


app = FastAPI(lifespan=lifespan)
app.add_api_route("/donations", donate, methods=["POST"])
app.add_api_route("/donations/tuned", donate_tuned, methods=["POST"])
