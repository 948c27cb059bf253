"""Sources: where my donations come from, why one fell silent, and on which days nothing came."""

from datetime import UTC, datetime
from typing import Any

from litestar import get, put
from litestar.params import FromPath, JSONBody

from api.auth import resident
from api.dependencies import Conn, DataKeys, Me, Visitor
from api.pages import Cursor, Limit, Page, key_of, page_of
from api.problems import refusals
from api.summaries import First, Until, Zone
from domain.donations import gaps as absent
from domain.donations import sources
from domain.donations.gaps import Gaps
from domain.donations.sources import Giver, Giving, Noted, Permissions
from domain.donations.summaries import Asked
from domain.errors import Invalid, NotFound
from domain.fields import Code


@get("/v1/me/sources", guards=[resident])
async def mine(conn: Conn, me: Me, cursor: Cursor = None, limit: Limit = 100) -> Page[Giving]:
    """My sources with their streams, and for each that fell silent the likely cause.

    `consent-ended`: no consent to collect it is left. `paused`: all of them pause. `permission-lost`:
    the app says that the phone does not let it read. `no-upload`: the source has sent nothing for
    three days. `nothing-measured`: it has, but for a week nothing of this.
    """
    after = key_of(cursor, Giver)
    found = await sources.giving(conn, me.resident_id, after, limit + 1, datetime.now(UTC))
    return page_of(found, limit, lambda last: last.source)


@put("/v1/me/sources/permissions", guards=[resident])
async def report(conn: Conn, me: Me, data: JSONBody[Permissions]) -> Noted:
    """Say what the phone lets the app read, so that silence can be explained.

    Saying it again changes nothing, and what was said later counts, whichever comes first.
    """
    return await sources.note(conn, me.resident_id, data)


@get(
    "/v1/me/summaries/{measure:str}/gaps", guards=[resident], responses=refusals(NotFound, Invalid)
)
async def gaps(
    conn: Conn,
    visitor: Visitor,
    data_keys: DataKeys,
    measure: FromPath[Code],
    first: First,
    until: Until,
    zone: Zone = None,
) -> Gaps:
    """Days without one of my measures, and the likely cause.

    `outside-consent`: nothing measured then may be taken. `permission-lost`: the app says that the
    phone does not let it read. `no-upload`: nothing was sent since. Else `nothing-measured`.
    """
    asked = Asked(measure=measure, first=first, until=until, zone=zone)
    return await absent.gaps(conn, data_keys, visitor.door, asked, datetime.now(UTC))


routes: list[Any] = [mine, report, gaps]
