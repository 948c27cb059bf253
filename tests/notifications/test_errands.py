"""One knock for a resident's messages on each device; what is written of each, whatever was said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from notifications.devices import Reachable
from notifications.errands import STOPPED, Errand, Result, Said, errands, pushed, results, told_by
from notifications.kinds import Kind
from notifications.push import Answer, Verdict
from notifications.ready import Waiting
from notifications.retries import OVER

NOW = datetime(2026, 1, 14, 11, tzinfo=UTC)
ANNA = UUID(int=1)
VERDICTS: Sequence[Verdict] = (
    "accepted", "unregistered", "invalid-target", "sender-mismatch", "refused-credentials",
    "invalid-message", "later", "unknown",
)  # fmt: skip


def knock(number: int, told: Sequence[int] = (), attempts: int = 0, tried: bool = False) -> Waiting:  # noqa: FBT002
    return Waiting(
        message_id=UUID(int=number), resident_id=ANNA, kind=Kind.SIGNED_OUT, study_id=None,
        bulk=False, expires_at=NOW + timedelta(hours=5), attempts=attempts,
        told=[UUID(int=one) for one in told], tried_at=NOW - OVER if tried else None, now=NOW,
    )  # fmt: skip


def phone(number: int) -> Reachable:
    return Reachable(
        resident_id=ANNA, device_id=UUID(int=number), value_kind="fid", value=str(number),
        value_hash=sha256(str(number).encode()).digest(), platform="ios", language="sv",
    )  # fmt: skip


def said(number: int, verdict: Verdict, *, moved: bool = False) -> Said:
    return Said(UUID(int=number), Answer(verdict, None, verdict), moved)


def written(errand: Errand, *what: Said) -> list[Result]:
    return results(errand, what, NOW, 0.5)


def states(errand: Errand, *what: Said) -> list[str]:
    return [one.state for one in written(errand, *what)]


def test_each_device_is_told_under_the_oldest_name_it_has_not_taken() -> None:
    (errand,) = errands([knock(2), knock(1, told=[7])], [phone(7), phone(8)])
    names = {one.target.device_id.int: one.message_id.int for one in pushed(errand, NOW)}
    assert names == {7: 2, 8: 1}


def test_a_device_that_took_everything_is_left_alone() -> None:
    (errand,) = errands([knock(1, told=[7])], [phone(7), phone(8)])
    assert [one.device_id.int for one in errand.devices] == [8]


def test_a_knock_lives_no_longer_than_what_it_tells_of() -> None:
    late = msgspec.structs.replace(knock(1), expires_at=NOW + timedelta(minutes=3))
    (errand,) = errands([late], [phone(7)])
    assert pushed(errand, NOW)[0].lives == timedelta(minutes=3)


def test_what_one_device_took_is_told() -> None:
    (errand,) = errands([knock(1), knock(2)], [phone(7), phone(8)])
    assert states(errand, said(7, "accepted"), said(8, "unregistered")) == ["sent", "bundled"]


def test_what_no_device_is_left_for_waits_in_the_inbox() -> None:
    (errand,) = errands([knock(1)], [phone(7)])
    assert states(errand, said(7, "invalid-target")) == ["no-device"]


def test_a_device_that_moved_meanwhile_is_told_soon() -> None:
    (errand,) = errands([knock(1)], [phone(7)])
    (row,) = written(errand, said(7, "unregistered", moved=True))
    assert (row.state, row.attempts) == ("waiting", 0)
    assert row.wait is not None
    assert row.wait <= timedelta(seconds=1)


def test_when_we_are_refused_it_waits_and_no_try_is_counted() -> None:
    (errand,) = errands([knock(1, tried=True)], [phone(7)])
    (row,) = written(errand, said(7, "refused-credentials"))
    assert (row.state, row.attempts) == ("waiting", 0)
    assert row.wait is not None
    assert row.wait >= STOPPED


def test_what_did_not_begin_is_no_try() -> None:
    (errand,) = errands([knock(1, attempts=3, tried=True)], [phone(7)])
    (row,) = written(errand, Said(UUID(int=7), None))
    assert (row.state, row.attempts) == ("waiting", 3)


def test_tries_end_after_an_hour_with_their_cause() -> None:
    (errand,) = errands([knock(1, attempts=8, tried=True)], [phone(7)])
    (row,) = written(errand, said(7, "later"))
    assert (row.state, row.cause) == ("dead", "later")


def test_at_its_end_what_one_device_took_is_not_dead() -> None:
    (errand,) = errands([knock(1, told=[8], attempts=8, tried=True)], [phone(7)])
    assert states(errand, said(7, "later")) == ["sent"]


KNOCKS = st.lists(
    st.builds(knock, st.integers(1, 99), st.lists(st.integers(101, 104), unique=True),
              st.integers(0, 9), st.booleans()),
    min_size=1, max_size=5, unique_by=lambda one: one.message_id,
)  # fmt: skip
SAID = st.tuples(st.sampled_from([*VERDICTS, None]), st.booleans())


@given(KNOCKS, st.lists(SAID, min_size=4, max_size=4), st.floats(0, 0.999))
def test_whatever_is_said_nothing_is_lost_and_nobody_is_told_twice(
    knocks: list[Waiting], spoken: list[tuple[Verdict | None, bool]], chance: float
) -> None:
    (errand,) = errands(knocks, [phone(n) for n in range(101, 105)])
    what = [
        Said(device.device_id, Answer(verdict, None, "c") if verdict else None, moved)
        for device, (verdict, moved) in zip(errand.devices, spoken, strict=False)
    ]
    took = {one.device_id for one in what if one.answer and one.answer.verdict == "accepted"}
    for row, knock_ in zip(results(errand, what, NOW, chance), errand.knocks, strict=True):
        assert set(row.told) == set(knock_.told) | took
        assert (row.state == "waiting") == (row.wait is not None)
        assert row.state not in {"sent", "bundled"} or row.told
        assert row.state not in {"dead", "no-device"} or not row.told
    for device in errand.devices:
        assert device.device_id not in {
            d for one in told_by(errand, device.device_id) for d in one.told
        }
