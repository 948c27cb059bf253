"""How deep a body nests: by what its route declares where that bounds it, else by looking."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec import inspect
from numpy.typing import NDArray

DEEPEST: Final = 32
"""How deep JSON may nest."""

QUOTE, OPENS = b'"{'
CURLY = bytes.maketrans(b"[]", b"{}")
OTHERS = bytes(set(range(256)) - set(b'"[]{}'))


def too_deep(body: bytes) -> bool:
    """Whether JSON nests deeper than DEEPEST.

    Escapes go first, so that every quote left opens or closes a string; then strings, which are two
    quotes side by side by now, but for those with brackets inside; then what holds nothing more, level
    by level. What stands behind the first byte that is no JSON does not matter: the decoder stops there.
    """
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    signs = left = plain.translate(CURLY, OTHERS).replace(b'""', b"")
    for _ in range(DEEPEST):
        if not left:
            return False
        left = left.replace(b"{}", b"")
    return left != b"" and _deepest(np.frombuffer(signs, np.uint8)) > DEEPEST


def _deepest(signs: NDArray[np.uint8]) -> int:
    """Of quotes and brackets, the most that are open at once outside strings."""
    quote = signs == QUOTE
    outside = (np.cumsum(quote) & 1 == 0) & ~quote
    step = np.where(signs == OPENS, 1, -1) * outside
    return int(step.cumsum().max(initial=0))


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
