"""What denies, whatever was consented to: a resident's blocks, and holds that restrict without erasing."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.consents import gate
from domain.db import Connection, fetch_all, find_one
from domain.errors import Invalid, NotFound
from domain.fields import Code, Input, Name, Note

BlockScope = Literal["everything", "study", "category", "organisation", "ehds", "contact"]
Source = Literal[
    "resident", "protected-identity", "ehds-opt-out", "register", "data-protection-officer"
]
OWN: tuple[Source, ...] = ("resident", "ehds-opt-out")
"""What a resident may lift themselves."""
HOLDS: tuple[Source, ...] = ("data-protection-officer",)


class BlockDraft(Input, frozen=True, kw_only=True):
    """What to deny from now on. `ehds` is the opt-out of (EU) 2025/327 art. 71; it needs no reason.

    `contact` may name a study, or be about all of them.
    """

    scope: BlockScope
    study_id: UUID | None = None
    category: Code | None = None
    organisation: Annotated[Name | None, Meta(description="as the items name recipients")] = None

    def check(self) -> None:
        """The scope has what it is about, and nothing else.

        Raises:
            Invalid: it does not.

        """
        names = ("study_id", "category", "organisation")
        given = {name for name in names if getattr(self, name) is not None}
        needed = {
            "study": {"study_id"},
            "category": {"category"},
            "organisation": {"organisation"},
            "contact": given & {"study_id"},
        }
        if given != needed.get(self.scope, set()):
            raise Invalid("The scope and what it is about do not fit.")


class HoldDraft(BlockDraft, frozen=True, kw_only=True):
    """A restriction (GDPR art. 18). The resident reads the reason."""

    reason: Annotated[Note, Meta(min_length=1)]


class Block(Struct, frozen=True, kw_only=True):
    """A block or a hold. It denies until `lifted_at`.

    `drained_at`: since then no use that began before it is left.
    """

    block_id: UUID
    kind: Literal["block", "hold"]
    source: Source
    scope: BlockScope
    study_id: UUID | None
    category: str | None
    organisation: str | None
    reason: str | None
    placed_at: datetime
    drained_at: datetime | None
    lifted_at: datetime | None


async def place(conn: Connection, resident_id: UUID, draft: BlockDraft, placed_by: UUID) -> Block:
    """Deny from COMMIT on. It waits at most two seconds for uses under way; then the worker does.

    Raises:
        Invalid: the scope and what it is about do not fit.
        NotFound: no such resident.

    """
    draft.check()
    drained = await _drain(conn, resident_id)
    held = isinstance(draft, HoldDraft)
    own: Source = "ehds-opt-out" if draft.scope == "ehds" else "resident"
    sql = """
        INSERT INTO block (resident_id, kind, source, scope, study_id, category, organisation,
                           reason, placed_by, drained_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $10 THEN clock_timestamp() END)
        RETURNING block_id, kind, source, scope, study_id, category, organisation, reason,
                  placed_at, drained_at, lifted_at
    """
    made = await find_one(
        conn, Block, sql, resident_id, "hold" if held else "block", HOLDS[0] if held else own,
        draft.scope, draft.study_id, draft.category, draft.organisation,
        draft.reason if isinstance(draft, HoldDraft) else None, placed_by, drained,
    )  # fmt: skip
    if made is None:
        raise NotFound
    return made


async def _drain(conn: Connection, resident_id: UUID) -> bool:
    sql = "SELECT EXISTS (SELECT FROM resident_lock WHERE resident_id = $1) AS there"
    if not await conn.fetchval(sql, resident_id):
        raise NotFound
    return await gate.drain(conn, resident_id)


async def lift(
    conn: Connection,
    resident_id: UUID,
    block_id: UUID,
    lifted_by: UUID,
    sources: tuple[Source, ...] = OWN,
) -> Block:
    """Stop denying. What was consented to opens again, if nothing else is against it.

    Raises:
        NotFound: the resident has no such block of these sources.

    """
    sql = """
        UPDATE block
           SET lifted_at = coalesce(lifted_at, clock_timestamp()), lifted_by = coalesce(lifted_by, $3)
         WHERE resident_id = $1 AND block_id = $2 AND source = ANY($4)
        RETURNING block_id, kind, source, scope, study_id, category, organisation, reason,
                  placed_at, drained_at, lifted_at
    """
    lifted = await find_one(conn, Block, sql, resident_id, block_id, lifted_by, list(sources))
    if lifted is None:
        raise NotFound
    return lifted


async def of_resident(
    conn: Connection, resident_id: UUID, before: UUID | None, limit: int
) -> list[Block]:
    """What denies or has denied, newest first."""
    sql = """
        SELECT block_id, kind, source, scope, study_id, category, organisation, reason, placed_at,
               drained_at, lifted_at
          FROM block
         WHERE resident_id = $1 AND ($2::uuid IS NULL OR block_id < $2)
         ORDER BY block_id DESC
         LIMIT $3
    """
    return await fetch_all(conn, Block, sql, resident_id, before, limit)
