"""The journal of what has ended, outside the database: a file that survives a restore of an old backup.

One JSON document a line, oldest first. The file itself says how far it has come, so each machine
with a worker may keep a whole copy of its own. Lines are written after the erasure's COMMIT and may
be there twice: a line written before could name an erasure that was rolled back, and its replay
would destroy what nobody asked to destroy. Until a line is written the database's own log has it.
Withdrawals, refusals and blocks are in it as erasures are.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.errors import Unavailable

OVERLAP = timedelta(hours=1)
"""Longer than any transaction: of two erasures, the later one may commit first."""
BEGINNING = datetime.fromtimestamp(0, UTC)
_CHUNK = 1 << 16


class JournalUnreadable(Unavailable):
    """The journal of erasures cannot be read: nobody can tell whether this database is whole."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """What was erased: `account`, a data category, `stream/` or `response/` and its id.

    Or what else has ended, in `terms`: of the scope `consent` a consent event, of `block` a block.
    """

    erasure_id: UUID
    resident_id: UUID
    scope: str
    erased_at: datetime
    terms: dict[str, Any] | None = None


def entries(path: Path) -> Iterator[Entry]:
    """Every line, from the first. What a crash left of the last one is passed over.

    Raises:
        JournalUnreadable: it is not there, or another line is not one.

    """
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield _entry(line)
    except OSError:
        raise JournalUnreadable(f"{path.name} cannot be opened.") from None


def tail(path: Path) -> list[Entry]:
    """The last lines, the newest first: any that was committed last is among them. Raises as `entries`."""
    found: list[Entry] = []
    for line in _backwards(path):
        entry = _entry(line)
        if found and entry.erased_at < found[0].erased_at - OVERLAP:
            break
        found.append(entry)
    return found


def begin(path: Path) -> None:
    """Make the file where there is none. Not the worker's to do: one that is gone must be missed."""
    write(path, [])


def write(path: Path, new: Sequence[Entry]) -> None:
    """Add lines, on the disk before this returns. What a crash left of a last line is cut off."""
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in new)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go with the file
        file.seek(_whole(file.fileno()))
        file.truncate()
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _entry(line: bytes) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except (msgspec.DecodeError, UnicodeError):
        raise JournalUnreadable("A line of the journal is damaged.") from None


def _whole(file: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - _CHUNK)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _backwards(path: Path) -> Iterator[bytes]:
    """The whole lines, the last one first."""
    try:
        with path.open("rb") as file:
            end, rest = _whole(file.fileno()), b""
            while end:
                begin = max(0, end - _CHUNK)
                first, *lines = (os.pread(file.fileno(), end - begin, begin) + rest).split(b"\n")
                yield from (line for line in reversed(lines) if line)
                end, rest = begin, first
            if rest:
                yield rest
    except OSError:
        raise JournalUnreadable(f"{path.name} cannot be opened.") from None
