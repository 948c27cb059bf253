"""The journal outside the database: lines last, a crash leaves no half of one, and damage is not passed over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.rights import journal
from domain.rights.journal import Entry, JournalUnreadable

AT = datetime(2026, 3, 1, tzinfo=UTC)


def entry(minutes: int = 0) -> Entry:
    return Entry(uuid4(), UUID(int=1), "heart", AT + timedelta(minutes=minutes))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erasures"


def test_what_is_written_is_read_in_its_order(path: Path) -> None:
    some = [entry(n) for n in range(3)]
    journal.write(path, some[:2])
    journal.write(path, some[2:])
    assert list(journal.entries(path)) == some
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [1, 40, 100])
def test_what_a_crash_left_of_a_line_is_cut_off(path: Path, torn: int) -> None:
    one, two, three = entry(), entry(), entry()
    journal.write(path, [one, two])
    path.write_bytes(path.read_bytes()[:-torn])
    assert list(journal.entries(path)) == [one] == journal.tail(path)
    journal.write(path, [three])
    assert list(journal.entries(path)) == [one, three]


def test_a_damaged_line_is_not_passed_over(path: Path) -> None:
    journal.write(path, [entry(), entry()])
    path.write_bytes(path.read_bytes().replace(b"heart", b"he\xffrt", 1))
    with pytest.raises(JournalUnreadable):
        list(journal.entries(path))


def test_one_that_is_gone_is_missed(path: Path) -> None:
    with pytest.raises(JournalUnreadable):
        list(journal.entries(path))
    with pytest.raises(JournalUnreadable):
        journal.tail(path)


def test_the_tail_is_all_that_may_have_been_committed_last(path: Path) -> None:
    old, *late = (entry(n) for n in (0, 61, 90, 120))
    journal.write(path, [old, *late])
    assert journal.tail(path) == late[::-1]


def test_a_journal_just_begun_has_no_tail(path: Path) -> None:
    journal.begin(path)
    assert journal.tail(path) == []
    journal.write(path, [one := entry()])
    journal.begin(path)
    assert journal.tail(path) == [one]


def test_a_long_journal_is_read_from_its_end(path: Path) -> None:
    many = [entry(n) for n in range(2_000)]
    journal.write(path, many)
    assert journal.tail(path) == many[-61:][::-1]
    journal.write(path, [same := entry(1_999) for _ in range(1)] * 1_500)
    assert journal.tail(path) == [same] * 1_500 + many[-61:][::-1]
