"""A data key unwraps for its resident, scope and version only, as long as its key-encryption key is here."""

from pathlib import Path
from uuid import UUID

import pytest

from domain.donations.keys import (
    FileKeyProvider,
    KeyForeign,
    KeyUnavailable,
    WrappedKey,
    context,
    fingerprint,
    new_key,
)

ONE = UUID(int=1)
BOUND = context(ONE, "heart", 1)


async def test_a_wrapped_key_unwraps_in_its_context() -> None:
    keys, data_key = FileKeyProvider(new_key()), new_key()
    wrapped = await keys.wrap(data_key, BOUND)
    assert data_key not in wrapped.sealed
    assert await keys.unwrap(wrapped, BOUND) == data_key


@pytest.mark.parametrize(
    "other",
    [context(UUID(int=2), "heart", 1), context(ONE, "activity", 1), context(ONE, "heart", 2), b""],
)
async def test_a_key_moved_to_another_resident_scope_or_version_is_refused(other: bytes) -> None:
    keys = FileKeyProvider(new_key())
    wrapped = await keys.wrap(new_key(), BOUND)
    with pytest.raises(KeyForeign):
        await keys.unwrap(wrapped, other)


@pytest.mark.parametrize("at", [0, 11, 12, 40, 59])
async def test_a_damaged_wrapped_key_is_refused(at: int) -> None:
    keys = FileKeyProvider(new_key())
    kek_id, sealed = await keys.wrap(new_key(), BOUND)
    damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    for broken in (damaged, sealed[:at]):
        with pytest.raises(KeyForeign):
            await keys.unwrap(WrappedKey(kek_id, broken), BOUND)


async def test_after_rotation_old_keys_unwrap_and_new_ones_are_wrapped_anew(tmp_path: Path) -> None:
    (tmp_path / "kek").write_text(new_key().hex())
    old = await FileKeyProvider.from_folder(tmp_path).wrap(data_key := new_key(), BOUND)
    (tmp_path / "kek").rename(tmp_path / "kek.2026")
    (tmp_path / "kek").write_text(new_key().hex() + "\n")
    keys = FileKeyProvider.from_folder(tmp_path)
    assert await keys.unwrap(old, BOUND) == data_key
    assert (await keys.wrap(data_key, BOUND)).kek_id != old.kek_id


async def test_a_key_wrapped_elsewhere_is_unavailable() -> None:
    wrapped = await FileKeyProvider(new_key()).wrap(new_key(), BOUND)
    with pytest.raises(KeyUnavailable):
        await FileKeyProvider(new_key()).unwrap(wrapped, BOUND)


@pytest.mark.parametrize("content", [None, "", "short", "00" * 33, "å" * 32])
def test_a_missing_or_odd_key_file_is_refused_at_start(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "kek").write_text(content)
    with pytest.raises(KeyUnavailable):
        FileKeyProvider.from_folder(tmp_path)


def test_a_fingerprint_tells_keys_apart_and_holds_none_of_them() -> None:
    key = new_key()
    assert fingerprint(key) != fingerprint(new_key())
    assert key.hex()[:16] != fingerprint(key)
