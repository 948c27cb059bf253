"""Residents, studies and notices made straight in the database, for tests below HTTP."""

from datetime import date
from uuid import UUID, uuid4

from domain.db import Connection

STEWARD = UUID(int=99)
CONTROLLER = """{"name": "Region Stockholm", "organisation_number": "232100-0016",
    "address": "Box 22550", "contact": "a@example.org", "data_protection_officer": "b@example.org"}"""


async def make_resident(admin: Connection) -> UUID:
    """A resident who has accepted the platform notice and chosen nothing."""
    resident_id: UUID = await admin.fetchval(
        "INSERT INTO resident (notice_version, notice_language, language) VALUES (1, 'en', 'en') RETURNING resident_id"
    )
    await admin.execute("INSERT INTO resident_lock VALUES ($1)", resident_id)
    await admin.execute("INSERT INTO consent_head (resident_id) VALUES ($1)", resident_id)
    return resident_id


async def make_study(admin: Connection, status: str = "active") -> UUID:
    """A study with an approval in force and no notice yet."""
    study_id: UUID = await admin.fetchval(
        """
        INSERT INTO study (kind, status, title, summary, controller, legal_basis,
                           withdrawal_effects, retention_until, created_by)
        VALUES ('research', $1, '{"en": "A study"}', '{"en": "About hearts"}', $4,
                'eu-gdpr:A9-2-a', '{pause,stop,no-further-use,erase,no-contact}', $2, $3)
        RETURNING study_id
        """,
        status,
        date(2099, 1, 1),
        STEWARD,
        CONTROLLER,
    )
    await admin.execute(
        "INSERT INTO approval VALUES ($1, '2026-01234-01', 'EPM', '2026-01-01', '2098-01-01')",
        study_id,
    )
    return study_id


async def make_notice(admin: Connection, study_id: UUID) -> UUID:
    """A notice of the study, without a version."""
    notice_id: UUID = await admin.fetchval(
        "INSERT INTO notice (study_id) VALUES ($1) RETURNING notice_id", study_id
    )
    return notice_id


async def publish(
    admin: Connection,
    notice_id: UUID,
    version: int,
    items: dict[UUID, list[str]],
    change: str = "material",
    *,
    required: bool = False,
) -> None:
    """A version of the notice with one item for each id, over the categories given."""
    await admin.execute(
        "INSERT INTO notice_version VALUES ($1, $2, $3)", notice_id, version, change
    )
    await admin.execute(
        "INSERT INTO notice_text VALUES ($1, $2, 'en', 'T', 'B', sha256('B'))", notice_id, version
    )
    for position, (item_id, categories) in enumerate(items.items()):
        await admin.execute(
            """
            INSERT INTO consent_item (item_id, version, notice_id, study_id, position, use, purpose,
                                      categories, recipients, past, future, required, texts)
            SELECT $1, $2, $3, n.study_id, $4, 'study', 'dpv:AcademicResearch', $5, '{KI}', true, true,
                   $6, '{"en": {"title": "T", "description": "D"}}'
              FROM notice n WHERE n.notice_id = $3
            """,
            item_id,
            version,
            notice_id,
            position,
            categories,
            required,
        )


async def make_item(admin: Connection, categories: list[str]) -> tuple[UUID, UUID]:
    """A study with one notice of one item: its id and the study's."""
    study_id = await make_study(admin)
    item_id = uuid4()
    await publish(admin, await make_notice(admin, study_id), 1, {item_id: categories})
    return item_id, study_id
