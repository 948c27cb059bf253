"""What the stand-in is asked to do, and what it saw: the words between it and who uses it."""

from msgspec import Struct


class Doing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one request is answered: well, or with `error` (of errors.py) or another status and body.

    `delay` in seconds. `never`: not at all.
    """

    delay: float = 0
    never: bool = False
    error: str | None = None
    status: int = 200
    body: str | None = None
    headers: dict[str, str] = {}


class Plan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How all are answered, and single targets turn by turn; `tokens`: the token endpoint.

    `lives`: for how many seconds a token is said to be valid. `headers`: they are recorded, too.
    """

    all: Doing = Doing()
    targets: dict[str, list[Doing]] = {}
    tokens: Doing = Doing()
    lives: int = 3600
    headers: bool = False


class Received(Struct, frozen=True, array_like=True):
    """One request. `at` is of the machine's monotonic clock; `target` is empty where none was named."""

    at: float
    http_version: str
    target: str
    headers: dict[str, str]
    body: str
