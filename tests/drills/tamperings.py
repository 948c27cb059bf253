"""What T45 does to the database, as SQL."""
# ruff: noqa: S608 - of ids that the drill made

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from tests.drills.mutant import Mutation

NUMBERS = "person number"

UNBOUND = (
    Mutation(
        "domain/donations/segments.py",
        'return ids + struct.pack(">I", self.key_version)',
        'return ids[:0] + struct.pack(">I", 0)',
    ),
    Mutation(
        "domain/donations/keys.py",
        'resident_id.bytes + version.to_bytes(4, "big") + scope.encode()',
        "bytes(resident_id.int * version * len(scope) * 0)",
    ),
    Mutation(
        "domain/residents/person_number.py",
        'return b"medverka person number\\0" + resident_id.bytes',
        'return b"medverka person number\\0" + resident_id.bytes[:0]',
    ),
)
"""Without what ties a seal to its place."""


class Target(NamedTuple):
    """Whose stream is read, another stream of theirs, and somebody else."""

    resident: UUID
    stream: UUID
    second: UUID
    other: UUID


def tamperings(target: Target) -> Mapping[str, str]:
    """By name. Each leaves something with the resident, in the stream mostly, that is not theirs there."""
    return {**_of_segments(target), **_of_keys(target), NUMBERS: _numbers(target)}


def _of_segments(target: Target) -> Mapping[str, str]:
    first, second = _segment(target.stream), _segment(target.stream, 1)
    beside = _segment(target.second)
    foreign = (
        f"SELECT ctid FROM segment WHERE resident_id = '{target.other}' AND key_version = 1 LIMIT 1"
    )
    change = "UPDATE segment SET {} WHERE ctid = (" + first + ")"
    mine = f"resident_id = '{target.resident}', stream_id = '{target.stream}'"
    nonce = "substring(o.body FOR 12) || substring(t.body FROM 13)"
    return {
        "ciphertext of the stream": _swap("segment", first, second, "body = o.body"),
        "ciphertext of another stream": _swap("segment", first, beside, "body = o.body"),
        "ciphertext of another resident": _swap("segment", first, foreign, "body = o.body"),
        "nonce": _swap("segment", first, second, f"body = {nonce}"),
        "row id": change.format("segment_id = uuidv7()"),
        "resident": f"UPDATE segment SET {mine} WHERE ctid = ({foreign})",
        "stream": f"UPDATE segment SET stream_id = '{target.stream}' WHERE ctid = ({beside})",
        "key version": change.format("key_version = 2"),
        "key version that never was": change.format("key_version = 9"),
        "a bit": change.format("body = set_bit(body, 200, 1 - get_bit(body, 200))"),
        "its end": change.format("body = substring(body FOR length(body) - 1)"),
        "all of it": change.format("body = ''"),
    }


def _of_keys(target: Target) -> Mapping[str, str]:
    key = _key(target.resident)
    wrapped = "kek = o.kek, wrapped = o.wrapped"
    change = "UPDATE data_key SET {} WHERE ctid = (" + key + ")"
    return {
        "key of another category": _swap(
            "data_key", key, _key(target.resident, "activity"), wrapped
        ),
        "key of another resident": _swap("data_key", key, _key(target.other), wrapped),
        "key of another version": _swap("data_key", key, _key(target.resident, version=2), wrapped),
        "a bit of a key": change.format("wrapped = set_bit(wrapped, 99, 1 - get_bit(wrapped, 99))"),
        "a key": f"DELETE FROM data_key WHERE ctid = ({key})",
    }


def _numbers(target: Target) -> str:
    one, other = (
        f"SELECT ctid FROM resident WHERE resident_id = '{who}'"
        for who in (target.resident, target.other)
    )
    return _swap("resident", one, other, "person_number_sealed = o.person_number_sealed")


def _segment(stream: UUID, at: int = 0) -> str:
    """One of the stream's under the first version of the key."""
    return f"""
        SELECT ctid FROM segment WHERE stream_id = '{stream}' AND key_version = 1
         ORDER BY first_ms OFFSET {at} LIMIT 1
    """


def _key(resident: UUID, scope: str = "heart", version: int = 1) -> str:
    return f"""
        SELECT ctid FROM data_key
         WHERE resident_id = '{resident}' AND scope = '{scope}' AND version = {version}
    """


def _swap(table: str, one: str, other: str, change: str) -> str:
    return f"""
        UPDATE {table} t SET {change} FROM {table} o
         WHERE (t.ctid = ({one}) AND o.ctid = ({other})) OR (t.ctid = ({other}) AND o.ctid = ({one}))
    """
