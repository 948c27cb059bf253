"""Why nothing comes: what is known goes before what is guessed."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.consents.gate import Milliseconds
from domain.donations.measures import DAY
from domain.donations.silence import Heard, Silence, absence, silence

NOW = datetime(2026, 3, 10, tzinfo=UTC)
WELL = Heard(collects=True, permitted=True, permission_at=NOW, sent_at=NOW, newest_at=NOW)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("heard", "cause"),
    [
        (WELL, None),
        (WELL._replace(collects=None), "consent-ended"),
        (WELL._replace(collects=False, permitted=False), "paused"),
        (WELL._replace(permitted=False), "permission-lost"),
        (WELL._replace(permitted=False, permission_at=ago(1)), None),
        (WELL._replace(permitted=False, permission_at=ago(1), newest_at=ago(2)), "permission-lost"),
        (WELL._replace(sent_at=ago(2.9)), None),
        (WELL._replace(sent_at=ago(3.1), newest_at=ago(9)), "no-upload"),
        (WELL._replace(newest_at=ago(7.1), permitted=None, permission_at=None), "nothing-measured"),
    ],
)
def test_silence_has_its_likely_cause(heard: Heard, cause: Silence | None) -> None:
    assert silence(heard, NOW) == cause


def test_an_empty_time_has_its_likely_cause() -> None:
    day = 10 * DAY
    whole: Milliseconds = [(None, None)]
    assert absence(day, day + DAY, [], None, None) == "outside-consent"
    assert absence(day, day + DAY, [(None, day), (day + DAY, None)], 0, None) == "outside-consent"
    assert absence(day, day + DAY, [(day + 1, day + 2)], day, None) == "permission-lost"
    assert absence(day, day + DAY, whole, day + DAY, day) == "no-upload"
    assert absence(day, day + DAY, whole, None, None) == "no-upload"
    assert absence(day, day + DAY, whole, None, day + DAY) == "nothing-measured"
