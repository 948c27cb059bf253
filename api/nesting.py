"""How deep a body nests: by what its route declares where that bounds it, else by looking."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import inspect

DEEPEST: Final = 32
"""How deep JSON may nest."""

STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def too_deep(body: bytes) -> bool:
    """Whether JSON nests deeper than DEEPEST.

    Few brackets cannot nest deep, so most bodies are settled by counting. From the others all but
    the brackets is taken away, and then, pass by pass, the innermost pairs.
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    left = STRINGS.sub(b"", body).translate(None, delete=NO_BRACKETS)
    for _ in range(DEEPEST):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return False
    return True


def bounded(kind: object) -> bool:
    """Whether a type takes nothing that nests deeper than the type itself.

    The decoder stops at the first thing that does not fit, and that is before it gets deep.
    """
    return _bounded(inspect.type_info(kind), frozenset())


def _bounded(kind: inspect.Type, around: frozenset[type]) -> bool:
    inside: Iterable[inspect.Type]
    match kind:
        case inspect.StructType(cls=cls, forbid_unknown_fields=True) if cls not in around:
            around, inside = around | {cls}, [field.type for field in kind.fields]
        case inspect.UnionType():
            inside = kind.types
        case inspect.TupleType():
            inside = kind.item_types
        case inspect.CollectionType():
            inside = [kind.item_type]
        case inspect.DictType():
            inside = [kind.value_type]
        case inspect.Metadata():
            inside = [kind.type]
        case _:
            return isinstance(kind, PLAIN)
    return all(_bounded(one, around) for one in inside)


PLAIN = (
    inspect.NoneType, inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType,
    inspect.BytesType, inspect.DateTimeType, inspect.DateType, inspect.TimeType,
    inspect.UUIDType, inspect.DecimalType, inspect.EnumType, inspect.LiteralType,
)  # fmt: skip
"""What holds nothing."""
