"""How the domain says no: one exception that explains itself, rendered as RFC 9457 by `api/problems.py`."""

from typing import Any, ClassVar


class Refusal(Exception):
    """Refused."""

    status: ClassVar[int] = 400
    retry_after: int | None = None

    def __init__(self, detail: str = "", **extension: Any) -> None:
        """Keep what the caller may know: a detail free of user input, and problem members."""
        super().__init__(detail)
        self.extension = extension


class NotFound(Refusal):
    """There is no such thing here, or it is not yours."""

    status = 404


class Unauthenticated(Refusal):
    """A valid access token is needed."""

    status = 401


class Forbidden(Refusal):
    """Your role does not allow this."""

    status = 403


class Busy(Refusal):
    """Someone else is doing this right now. Try again in a moment."""

    status = 409
    retry_after = 1


class PreconditionFailed(Refusal):
    """It has changed since you read it."""

    status = 412


class Invalid(Refusal):
    """The request is well-formed, but what it says cannot be."""

    status = 422


class Unavailable(Refusal):
    """The service cannot do this right now. Try again shortly."""

    status = 503
    retry_after = 2
