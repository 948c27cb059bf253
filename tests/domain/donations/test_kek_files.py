"""The files of key-encryption keys change under running processes, and no key is ever out of reach."""

import stat
from pathlib import Path
from uuid import UUID

import pytest

from domain.donations import kek_files, keys
from domain.donations.kek_files import NoSuchKey
from domain.donations.keys import FileKeyProvider, KeyUnavailable, context, fingerprint, new_key

BOUND = context(UUID(int=1), "heart", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kek").write_text(new_key().hex())
    return tmp_path


async def test_a_running_process_wraps_with_the_key_that_was_put_in_force(folder: Path) -> None:
    running = FileKeyProvider.from_folder(folder)
    before = await running.wrap(new_key(), BOUND)
    kek_id = kek_files.make(folder)
    assert await running.current() == before.kek_id
    kek_files.promote(folder, kek_id)
    after = await running.wrap(new_key(), BOUND)
    assert after.kek_id == kek_id == await running.current()
    await running.unwrap(before, BOUND)


async def test_a_running_process_opens_what_another_has_wrapped_with_a_newer_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "AGAIN_SECONDS", 0)
    running = FileKeyProvider.from_folder(folder)
    kek_files.promote(folder, kek_files.make(folder))
    wrapped = await FileKeyProvider.from_folder(folder).wrap(data_key := new_key(), BOUND)
    assert await running.unwrap(wrapped, BOUND) == data_key


async def test_a_folder_is_not_read_again_and_again_for_a_key_that_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = FileKeyProvider.from_folder(folder)
    reads: list[Path] = []
    monkeypatch.setattr(running, "_read", reads.append)
    stranger = await FileKeyProvider(new_key()).wrap(new_key(), BOUND)
    for _ in range(5):
        with pytest.raises(KeyUnavailable):
            await running.unwrap(stranger, BOUND)
    assert len(reads) == 1


@pytest.mark.parametrize("spoilt", ["", "half", None])
async def test_a_folder_that_is_half_copied_changes_nothing_for_who_runs(
    folder: Path, spoilt: str | None
) -> None:
    running = FileKeyProvider.from_folder(folder)
    before = await running.current()
    (folder / "kek").unlink()
    if spoilt is not None:
        (folder / "kek").write_text(spoilt)
    assert await running.current() == before
    await running.unwrap(await running.wrap(new_key(), BOUND), BOUND)


async def test_a_retired_key_opens_nothing_any_more_and_is_kept(folder: Path) -> None:
    old = await FileKeyProvider.from_folder(folder).wrap(new_key(), BOUND)
    kek_files.promote(folder, kek_files.make(folder))
    kept = kek_files.retire(folder, old.kek_id)
    assert fingerprint(bytes.fromhex(kept.read_text())) == old.kek_id
    with pytest.raises(KeyUnavailable):
        await FileKeyProvider.from_folder(folder).unwrap(old, BOUND)


def test_the_key_in_force_is_not_retired_and_an_unknown_one_not_promoted(folder: Path) -> None:
    [in_force] = kek_files.ids(folder)
    with pytest.raises(NoSuchKey):
        kek_files.retire(folder, in_force)
    with pytest.raises(NoSuchKey):
        kek_files.promote(folder, "0" * 16)


def test_a_key_put_in_force_twice_is_in_force_and_the_one_before_stays(folder: Path) -> None:
    [before] = kek_files.ids(folder)
    kek_id = kek_files.make(folder)
    for _ in range(2):
        kek_files.promote(folder, kek_id)
    assert kek_files.ids(folder) == [kek_id, before]


def test_every_file_is_its_owner_s_alone(folder: Path) -> None:
    (folder / "kek").chmod(0o600)
    kek_files.promote(folder, kek_files.make(folder))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
