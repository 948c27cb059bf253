"""What strangers send in place of a value: the corpus of T35, as bytes, since much of it is no JSON.

Every text holds a canary, and the longest number a row of digits, that no refusal may repeat.
"""

from typing import Any, NamedTuple

import msgspec

CANARY = "kanarie7c1e"
DIGITS = "271828182845904523536028747135"
_C = CANARY.encode()
_PLACE = "3e7a0c55-put-it-here"


class Mutation(NamedTuple):
    """Bytes in place of a JSON value. `never`: whatever the field, no body with them is taken."""

    name: str
    raw: bytes
    never: bool = False


def _text(name: str, inner: bytes, *, never: bool = False) -> Mutation:
    return Mutation(name, b'"' + inner + b'"', never)


_OTHER_TYPES = [
    Mutation(raw.decode(), raw)
    for raw in (
        b"null", b"true", b"false", b"0", b"1", b"-1", b"1.5", b'""', b'"1"', b"[]", b"{}",
        b"[[]]", b"[null]", b'{"": 0}', b"-0", b"-0.0",
    )
]  # fmt: skip
_NUMBERS = [
    *(Mutation(f"2^{bits}{plus:+}", str(2**bits + plus).encode())
      for bits in (31, 63) for plus in (-1, 0, 1)),
    Mutation("-2^31-1", str(-(2**31) - 1).encode()),
    Mutation("-2^63-1", str(-(2**63) - 1).encode()),
    Mutation("400 digits", (DIGITS * 14)[:400].encode()),
    Mutation("1e308", b"1e308"),
    Mutation("1e-400", b"1e-400"),
    *(Mutation(raw.decode(), raw, never=True) for raw in (
        b"1e400", b"-1e400", b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b"1.",
        b"0x10",
    )),
]  # fmt: skip
_TEXTS = [
    _text("plain text", _C),
    _text("NUL", rb"\u0000" + _C, never=True),
    _text("raw NUL", b"\x00" + _C, never=True),
    _text("control character", b"\x01" + _C, never=True),
    _text("raw line break", b"\r\nX-Injected: " + _C, never=True),
    _text("lone high surrogate", rb"\ud800" + _C, never=True),
    _text("lone low surrogate", rb"\udc00" + _C, never=True),
    _text("bad UTF-8", b"\xff\xfe" + _C, never=True),
    _text("overlong UTF-8", b"\xc0\xaf" + _C, never=True),
    _text("surrogate in UTF-8", b"\xed\xa0\x80" + _C, never=True),
    _text("byte order mark", "\ufeff".encode() + _C),
    _text("bidi", "\u202e".encode() + _C + "\u2066\u202c".encode()),
    _text("stacked marks", "a\u0300\u0301\u0302".encode() * 20 + _C),
    _text("not a character", "\ufffe\uffff".encode() + _C),
    _text("escaped line break", rb"\r\nX-Injected: " + _C),
    _text("SQL", b"'; DROP TABLE resident; --" + _C),
    _text("markup", b"<script>" + _C + b"</script>"),
    _text("path", b"../../../etc/passwd" + _C),
    _text("1 MB", _C + b"x" * 1_000_000),
    Mutation("unquoted", _C, never=True),
    Mutation("in single quotes", b"'" + _C + b"'", never=True),
    Mutation("unknown escape", rb'"\x41"', never=True),
    Mutation("not closed", b'"' + _C, never=True),
]
_TIMES = [
    _text(name, name.encode())
    for name in (
        "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00", "2026-01-01T24:00:00Z", "2026-06-30T23:59:60Z",
        "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "+10000-01-01T00:00:00Z",
        "2026-01-01T00:00:00+99:99", "0000-01-01", "0001-01-01", "9999-12-31",
        "2026-02-30", "infinity",
    )
]  # fmt: skip
_SHAPES = [
    Mutation("100,000 lists deep", b"[" * 100_000 + b"]" * 100_000, never=True),
    Mutation("100,000 objects deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, never=True),
    Mutation("1,000,000 items", b"[" + b"0," * 999_999 + b"0]", never=True),
    Mutation("comma at the end", b"[1,]", never=True),
    Mutation("a comment", b"/* " + _C + b" */ 1", never=True),
    Mutation("an unknown member", b'{"' + _C + b'": 1}'),
    Mutation("a time inside one", b'{"' + _C + b'": {"date_time": "2026-01-01 00:00:00Z"}}'),
    Mutation("nothing", b""),
]

VALUES = (*_OTHER_TYPES, *_NUMBERS, *_TEXTS, *_TIMES, *_SHAPES)

KEYS = (
    b'"' + _C + b'"', rb'"\u0000' + _C + b'"', rb'"\ud800"', b'""', b'"\xff"', b'"' + b"k" * 100_000 + b'"',
    '"\u202esv"'.encode(), b'"__proto__"',
)  # fmt: skip
"""Names in place of a map's."""

TEXTS = (
    "", CANARY, f"{CANARY}\x00", "\x00", "%", "NaN", "-1", "0", "1e400", "1.5", "true", "null", "[]", "{}",
    str(2**31), str(2**63), str(-(2**63) - 1), DIGITS * 13, "\u202e" + CANARY, "\ufeff1", "\u0661",
    f"' OR 1=1 --{CANARY}", f"../../{CANARY}", f"\r\nX-Injected: {CANARY}", CANARY * 40,
    "0001-01-01", "W10", "WzFd", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld", "WyJhIl0", "bnVsbA",
)  # fmt: skip
"""For parameters in query and path, before they are percent-encoded; the last are cursors."""

BYTES = ("%FF", "%C0%AF", "%ED%A0%80", "%", "%G1", "%u0041", "+", "%2B1", "a%00b", "%E2%80%AE")
"""The same, already encoded, or wrongly."""

HEADERS = (
    "", " ", CANARY, CANARY * 40, '"1"', '"-1"', '"99999999999999999999"', 'W/"1"', "*", '"1", "2"',
    "'; DROP TABLE reply; --" + CANARY, "\xff\xfe", "\xe5" + CANARY, "0", "1.2.3.4.5", "1e400", "x" * 300,
    "a\tb", "sv;q=9", "sv,,;;q", "*;q=0.5," * 300, "0.0.0",
)  # fmt: skip
"""Texts of headers, in Latin-1."""


def placed(body: Any, path: tuple[str | int, ...], raw: bytes) -> bytes:
    """The JSON of a body with these bytes at a place in it; () is the whole of it."""
    if not path:
        return raw
    copy = msgspec.json.decode(msgspec.json.encode(body))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = _PLACE
    return msgspec.json.encode(copy).replace(f'"{_PLACE}"'.encode(), raw)


def renamed(body: Any, path: tuple[str | int, ...], raw: bytes) -> bytes:
    """The JSON of a body with these bytes as the name of the last step of the path."""
    copy = msgspec.json.decode(msgspec.json.encode(body))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[_PLACE] = inner.pop(path[-1])
    return msgspec.json.encode(copy).replace(f'"{_PLACE}"'.encode(), raw)
