"""What becomes of a claimed knock, by its kind's rules and what its resident wants."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from notifications.kinds import RULES, Kind, Rule
from notifications.ready import Ended, Person, PutOff, Waiting, judged

NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=12)
STUDY = uuid4()
URGENT = [kind for kind, rule in RULES.items() if rule.urgent]


def knock(kind: str = Kind.CONSENT_EXPIRING, now: datetime = NOON, **more: Any) -> Waiting:
    row = Waiting(
        message_id=uuid4(), resident_id=UUID(int=1), kind=kind, study_id=STUDY, bulk=False,
        expires_at=now + timedelta(hours=1), attempts=0, told=[], tried_at=None, now=now,
    )  # fmt: skip
    return msgspec.structs.replace(row, **more)


def person(**preferences: Any) -> Person:
    return Person(
        resident_id=UUID(int=1), state="active", zone="Europe/Stockholm", language="sv",
        preferences=preferences, read=[],
    )  # fmt: skip


def fate(row: Waiting, who: Person | None, *, allowed: bool = True) -> Ended | PutOff | None:
    return judged(row, who, lambda _, __: False, allowed=allowed)


def cause(row: Waiting, who: Person | None, *, allowed: bool = True) -> str | None:
    found = fate(row, who, allowed=allowed)
    return found.cause if found else None


def test_by_day_it_goes() -> None:
    assert fate(knock(), person()) is None


def test_at_night_it_waits_for_the_morning_with_many() -> None:
    assert fate(knock(now=NIGHT), person()) == PutOff(
        datetime(2026, 1, 15, 7, tzinfo=UTC), "quiet-hours", bulk=True
    )


def test_who_wants_no_quiet_hours_is_told_at_night() -> None:
    assert fate(knock(now=NIGHT), person(quiet_hours=None)) is None


def test_on_a_holiday_it_waits() -> None:
    def free(_: str, day: date) -> bool:
        return day == NOON.date()

    found = judged(knock(), person(), free, allowed=True)
    assert isinstance(found, PutOff)
    assert found.until == datetime(2026, 1, 15, 7, tzinfo=UTC)


def test_what_is_about_the_account_is_told_at_any_time() -> None:
    assert fate(knock(Kind.LOGIN_ADDED, NIGHT), person()) is None


def test_a_muted_kind_or_study_is_not_told() -> None:
    assert cause(knock(), person(muted=["consent-expiring"])) == "muted"
    assert cause(knock(), person(muted_studies=[str(STUDY)])) == "muted"
    assert cause(knock(), person(muted_studies=[str(uuid4())])) is None


def test_what_cannot_be_muted_is_told() -> None:
    row = knock(Kind.DONATIONS_ERASED)
    assert cause(row, person(muted=[row.kind], muted_studies=[str(STUDY)])) is None


def test_without_the_gate_s_leave_only_what_tells_of_account_or_ending_goes() -> None:
    assert cause(knock(), person(), allowed=False) == "not-allowed"
    assert cause(knock(Kind.CONSENT_ENDED), person(), allowed=False) is None


@pytest.mark.parametrize("state", ["deceased", "erased"])
def test_nothing_sounds_for_an_account_that_is_closed(state: str) -> None:
    gone = msgspec.structs.replace(person(), state=state)
    assert cause(knock(Kind.SIGNED_OUT), gone) == cause(knock(), None) == "account-closed"


def test_what_is_too_late_expires() -> None:
    assert fate(knock(expires_at=NOON), person()) == Ended("expired", "too-late")


def test_what_was_read_is_not_told() -> None:
    row = knock()
    assert cause(row, msgspec.structs.replace(person(), read=[row.message_id])) == "read"


def test_a_kind_of_a_newer_release_waits_for_its_workers() -> None:
    assert fate(knock("brand-new"), person()) == PutOff(
        NOON + timedelta(minutes=1), "unknown-kind", bulk=False
    )


@pytest.mark.parametrize("kind", URGENT)
def test_an_urgent_one_passes_quiet_hours_and_mutes(kind: Kind) -> None:
    assert fate(knock(kind, NIGHT), person(muted=[kind], muted_studies=[str(STUDY)])) is None


def test_to_be_urgent_is_enough_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.ready.BY_NAME", {"alarm": Rule(urgent=True)})
    assert fate(knock("alarm", NIGHT), person(muted=["alarm"], muted_studies=[str(STUDY)])) is None
