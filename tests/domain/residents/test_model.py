"""What a login says is taken where it can be understood; preferences are checked."""

from datetime import date

import msgspec
import pytest

from domain.residents.model import Beginning, Preferences, attributes_of, is_protected

TODAY = date(2026, 3, 1)


def test_attributes_come_from_the_standard_claims() -> None:
    claims = {"birthdate": "1981-12-18", "gender": "female", "municipality": "1480"}
    assert attributes_of(claims, TODAY) == {
        "birth-date": "1981-12-18",
        "sex": "female",
        "municipality": "1480",
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"birthdate": "0000-12-18"},
        {"birthdate": "1981"},
        {"birthdate": "2050-01-01"},
        {"birthdate": {"year": 1981}},
        {"gender": ["female"]},
        {"gender": "x" * 100_000},
        {"municipality": "\uff11\uff14\uff18\uff10"},
        {"locality": "Göteborg"},
        {"address": "Storgatan"},
    ],
)
def test_what_cannot_be_understood_is_passed_over(claims: dict[str, object]) -> None:
    assert attributes_of(claims, TODAY) == {}


@pytest.mark.parametrize("word", ["protectedPersonIndicator", "protectedPopulationRecord"])
def test_both_markings_protect(word: str) -> None:
    assert is_protected({word: True})
    assert not is_protected({word: [False]})


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "Europe", "/etc/localtime"])
def test_a_zone_has_to_exist(zone: str) -> None:
    body = msgspec.json.encode({"notice_version": 1, "language": "sv", "zone": zone})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Beginning)


@pytest.mark.parametrize("kind", ["signed-out", "donations-unused", "hold-placed"])
def test_what_protects_the_account_cannot_be_muted(kind: str) -> None:
    wanted = {"language": "sv", "zone": "Europe/Stockholm", "muted": [kind]}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wanted, Preferences)


@pytest.mark.parametrize(
    "clock", ["24:00", "7:00", "07:60", "07:00:00", "\u0660\u0667:\u0660\u0660"]
)
def test_quiet_hours_are_clock_times(clock: str) -> None:
    hours = {"start": clock, "end": "08:00"}
    wanted = {"language": "sv", "zone": "Europe/Stockholm", "quiet_hours": hours}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wanted, Preferences)
