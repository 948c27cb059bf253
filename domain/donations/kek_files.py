"""The files of key-encryption keys in a folder: made, put in force, and retired.

At every instant `kek` is there, and so is every key that something may be wrapped with: files are
added and replaced, and one goes only when it is retired.
"""

import os
import secrets
from pathlib import Path

from domain.donations.keys import fingerprint, new_key

RETIRED = "retired-kek."
"""Not read by any provider. It opens backups of before; destroyed when the last of those is gone."""


class NoSuchKey(Exception):
    """There is no file of that key-encryption key in the folder."""


def make(folder: Path) -> str:
    """A new key beside the one in force. Nothing is wrapped with it until `promote`. Returns its id."""
    key = new_key()
    kek_id = fingerprint(key)
    _place(folder / f"kek.{kek_id}", key.hex())
    return kek_id


def promote(folder: Path, kek_id: str) -> None:
    """Let a key be the one that wraps. The one before stays beside it, to unwrap what it wrapped.

    Raises:
        NoSuchKey: make it first, and copy it to every machine.

    """
    chosen = _files(folder).get(kek_id)
    if chosen is None:
        raise NoSuchKey(kek_id)
    before = (folder / "kek").read_text()
    _place(folder / f"kek.{fingerprint(bytes.fromhex(before))}", before)
    _place(folder / "kek", chosen.read_text())


def retire(folder: Path, kek_id: str) -> Path:
    """Take a key from the folder's providers. The caller has seen that nothing names it.

    Returns where it is kept until no backup needs it.

    Raises:
        NoSuchKey: it is not there, or it is the one in force.

    """
    if kek_id == fingerprint(bytes.fromhex((folder / "kek").read_text())):
        raise NoSuchKey(kek_id)
    found = [path for path in folder.glob("kek.*") if _id(path) == kek_id]
    if not found:
        raise NoSuchKey(kek_id)
    kept = folder / f"{RETIRED}{kek_id}"
    for path in found:
        path.replace(kept)
    _flush(folder)
    return kept


def ids(folder: Path) -> list[str]:
    """The ids of all keys in the folder, that of `kek` first."""
    first = _id(folder / "kek")
    return [first, *sorted(_files(folder).keys() - {first})]


def _files(folder: Path) -> dict[str, Path]:
    return {_id(path): path for path in sorted(folder.glob("kek*")) if path.stem == "kek"}


def _id(path: Path) -> str:
    return fingerprint(bytes.fromhex(path.read_text()))


def _place(path: Path, text: str) -> None:
    """Whole or not at all, its owner's alone, and on the disk before anything is wrapped with it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _flush(path.parent)


def _flush(folder: Path) -> None:
    """Names are on the disk only when their folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
