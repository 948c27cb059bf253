"""How deep a body nests: by what its route declares where that bounds it, else by looking."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec import inspect

DEEPEST: Final = 32
"""How deep JSON may nest."""

QUOTE, OPENS, FOLD = 0x22, 0x7B, 0x20
"""The last makes the square bracket of either kind the curly one."""
OTHERS = bytes(set(range(256)) - set(b'"[]{}'))


def too_deep(body: bytes) -> bool:
    """Whether JSON nests deeper than DEEPEST.

    Few brackets cannot nest deep, so most bodies are settled by counting. In the others escapes go
    first, so that every quote left opens or closes a string. What stands behind the first byte that
    is no JSON does not matter: the decoder stops there.
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    signs = np.frombuffer(plain.translate(None, OTHERS), np.uint8)
    quote = signs == QUOTE
    outside = (np.cumsum(quote) & 1 == 0) & ~quote
    step = np.where((signs | FOLD) == OPENS, 1, -1) * outside
    return bool(step.cumsum().max(initial=0) > DEEPEST)


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
