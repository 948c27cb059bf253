"""What a resident's choices amount to, rule by rule, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.consents.chain import chain_hash, unbroken
from domain.consents.model import ConsentEvent, Grants, Scope, fold
from domain.consents.periods import NEVER, contains

RESIDENT, ITEM, STUDY = (UUID(int=n) for n in (1, 2, 3))
START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Ledger:
    """Events an hour apart."""

    def __init__(self) -> None:
        self.events: list[ConsentEvent] = []

    @property
    def now(self) -> datetime:
        return START + HOUR * len(self.events)

    def add(self, decision: str, scope: str = "item", **fields: Any) -> datetime:
        filled: dict[str, Any] = {
            "resident_id": RESIDENT, "seq": len(self.events) + 1, "decision": decision, "scope": scope,
            "item_id": ITEM if scope == "item" else None, "actor_id": RESIDENT,
            "actor_role": "resident", "method": "app", "recorded_at": self.now,
            "prev_hash": self.events[-1].hash if self.events else b"", "hash": b"",
        }  # fmt: skip
        event = ConsentEvent(**{**filled, **fields})
        self.events.append(msgspec.structs.replace(event, hash=chain_hash(event)))
        return event.recorded_at

    def permit(self, **fields: Any) -> datetime:
        given = {
            "categories": ["heart"],
            "notice_version": 1,
            "study_id": STUDY,
            "past": False,
            "future": True,
        }
        return self.add("permit", **{**given, **fields})

    def grants(self) -> Grants:
        return fold(self.events)

    def heart(self, measured: datetime, at: datetime | None = None) -> bool:
        grant = self.grants().get((ITEM, "heart"))
        return grant is not None and contains(grant.usable(at or self.now), measured)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_silence_opens_nothing(ledger: Ledger) -> None:
    assert ledger.grants() == {}


def test_giving_opens_from_now_on_and_not_before(ledger: Ledger) -> None:
    given = ledger.permit()
    assert ledger.heart(given)
    assert not ledger.heart(given - HOUR)


def test_giving_with_the_past_opens_it(ledger: Ledger) -> None:
    assert ledger.heart(ledger.permit(past=True) - 1000 * HOUR)


def test_only_the_past_closes_the_future(ledger: Ledger) -> None:
    given = ledger.permit(past=True, future=False)
    assert ledger.heart(given - HOUR)
    assert not ledger.heart(given)


def test_a_blind_giving_opens_nothing(ledger: Ledger) -> None:
    ledger.add("withdraw", effect="no-further-use")
    ledger.permit(blind=True)
    assert ledger.grants() == {}


def test_what_was_measured_in_a_pause_stays_out_for_good(ledger: Ledger) -> None:
    ledger.permit()
    paused = ledger.add("pause", pause_until=START + 99 * HOUR)
    assert not ledger.heart(START)
    resumed = ledger.add("resume")
    assert ledger.heart(START)
    assert not ledger.heart(paused)
    assert ledger.heart(resumed)
    ledger.permit(past=True)
    assert not ledger.heart(paused)


def test_a_pause_ends_by_itself(ledger: Ledger) -> None:
    ledger.permit()
    ledger.add("pause", pause_until=START + 3 * HOUR)
    assert not ledger.heart(START, at=START + 2 * HOUR)
    assert ledger.heart(START, at=START + 3 * HOUR)


def test_stop_keeps_what_was_granted_up_to_now(ledger: Ledger) -> None:
    given = ledger.permit()
    stopped = ledger.add("withdraw", effect="stop")
    assert ledger.heart(given)
    assert not ledger.heart(stopped)


@pytest.mark.parametrize("effect", ["no-further-use", "erase"])
def test_no_further_use_closes_everything(ledger: Ledger, effect: str) -> None:
    given = ledger.permit(past=True)
    ledger.add("withdraw", effect=effect)
    assert not ledger.heart(given)
    again = ledger.permit()
    assert not ledger.heart(given)
    assert ledger.heart(again)


@pytest.mark.parametrize(
    ("scope", "fields"),
    [("study", {"study_id": STUDY}), ("category", {"category": "heart"}), ("everything", {})],
)
def test_a_wider_withdrawal_covers_the_item(
    ledger: Ledger, scope: str, fields: dict[str, Any]
) -> None:
    given = ledger.permit()
    ledger.add("withdraw", scope, effect="no-further-use", **fields)
    assert not ledger.heart(given)


def test_narrowing_closes_what_was_left_out(ledger: Ledger) -> None:
    ledger.permit(categories=["activity", "heart"])
    ledger.permit(categories=["activity"])
    grants = ledger.grants()
    assert grants[ITEM, "heart"].data_period == NEVER
    assert grants[ITEM, "heart"].status == "ConsentWithdrawn"
    assert grants[ITEM, "activity"].status == "RenewedConsentGiven"


def test_narrowing_the_past_away_keeps_what_was_collected_since(ledger: Ledger) -> None:
    given = ledger.permit(past=True)
    ledger.permit(past=False)
    assert ledger.heart(given)
    assert not ledger.heart(given - HOUR)


def test_a_no_to_newer_terms_leaves_the_older_grant(ledger: Ledger) -> None:
    given = ledger.permit(notice_version=1)
    ledger.add("deny", notice_version=2, categories=["heart"], study_id=STUDY)
    assert ledger.heart(given)
    ledger.add("deny", notice_version=1, categories=["heart"], study_id=STUDY)
    assert not ledger.heart(given)


def test_expired_is_not_withdrawn(ledger: Ledger) -> None:
    end = START + 2 * HOUR
    ledger.permit(valid_until=end)
    grant = ledger.grants()[ITEM, "heart"]
    assert grant.usable(end - HOUR)
    assert grant.usable(end) == NEVER
    assert grant.status_at(end) == "ConsentExpired"


@pytest.mark.parametrize(
    ("decision", "status"), [("revoke", "ConsentRevoked"), ("invalidate", "ConsentInvalidated")]
)
def test_who_ended_it_is_told_apart(ledger: Ledger, decision: str, status: str) -> None:
    ledger.permit()
    ledger.add(decision)
    assert ledger.grants()[ITEM, "heart"].status == status


def test_no_contact_touches_no_grant(ledger: Ledger) -> None:
    given = ledger.permit()
    ledger.add("withdraw", "everything", effect="no-contact")
    assert ledger.heart(given)


def test_a_changed_missing_or_swapped_event_breaks_the_chain(ledger: Ledger) -> None:
    ledger.permit()
    ledger.add("withdraw", effect="stop")
    ledger.permit()
    first, second, third = ledger.events
    assert unbroken(ledger.events)
    assert not unbroken([first, third])
    assert not unbroken([second, first, third])
    assert not unbroken([first, msgspec.structs.replace(second, effect="erase"), third])


@pytest.mark.parametrize("wrong", [{"scope": "item"}, {"scope": "everything", "category": "heart"}])
def test_a_scope_names_exactly_what_it_is_about(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Scope)
