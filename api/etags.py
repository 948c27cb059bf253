"""ETag and If-Match (RFC 9110, 8.8 and 13.1): of two devices that edit, one is told of the other."""

import re
from typing import Annotated

from litestar.params import HeaderParameter

from domain.errors import PreconditionFailed, Refusal

IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The ETag of what you read")
]

SHAPE = re.compile(r'"([0-9]{1,18})"')


class PreconditionRequired(Refusal):
    """Send If-Match with the ETag of what you read."""

    status = 428


def etag(revision: int) -> dict[str, str]:
    """The response header of a revision."""
    return {"ETag": f'"{revision}"'}


def revision(if_match: str | None) -> int:
    """The revision that an edit starts from. Raises PreconditionRequired, PreconditionFailed."""
    if if_match is None:
        raise PreconditionRequired
    if (found := SHAPE.fullmatch(if_match)) is None:
        raise PreconditionFailed
    return int(found[1])
