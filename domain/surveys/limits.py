"""What an item of a questionnaire says that its answers must be."""

from typing import Any, TypeAlias

from msgspec import Struct

from domain.surveys.values import Value

Keys: TypeAlias = frozenset[Any]


class Limits(Struct, kw_only=True, frozen=True):
    """What an answer of an item must be."""

    kinds: frozenset[str]
    options: Keys | None = None
    open: bool = False
    exclusive: Keys = frozenset()
    initial: Keys | None = None
    max_length: int | None = None
    min_length: int | None = None
    pattern: Any = None
    least: Value | None = None
    most: Value | None = None
    places: int | None = None
    units: Keys | None = None
    max_size: Any = None
    mime_types: frozenset[str] | None = None
    min_occurs: int = 0
    max_occurs: int | None = None
