"""A push says nothing: the same knock for every message, as the SDK's own model makes it."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import payload
from notifications.push import Knock, Target
from notifications.refs import ref

NOW = 1_790_000_000.5
PLATFORMS = ("android", "ios", "web")
LARGEST = 1024
values = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200)


def knock(**given: object) -> Knock:
    usual = {
        "message_id": uuid4(), "lives": timedelta(hours=1), "collapse_key": "k", "urgent": False,
        "target": Target(uuid4(), "fid", "value", "android", "en"),
    }  # fmt: skip
    return Knock(**{**usual, **given})  # type: ignore[arg-type]


@given(
    st.builds(
        Knock,
        message_id=st.uuids(),
        target=st.builds(
            Target,
            device_id=st.uuids(),
            value_kind=st.sampled_from(["fid", "token"]),
            value=values,
            platform=st.sampled_from(PLATFORMS),
            language=st.sampled_from(["sv", "en", "fi", "ar", "sv-x-easy", "zz", "%s"]),
        ),
        lives=st.timedeltas(timedelta(days=-1), timedelta(days=9)),
        collapse_key=st.text(),
        urgent=st.booleans(),
    )
)
def test_what_is_filled_in_is_what_the_sdk_would_have_made(one: Knock) -> None:
    assert payload.body(one, NOW) == payload.encode(payload.message(one, NOW))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_knock_is_small(platform: str) -> None:
    target = Target(uuid4(), "token", "v", platform, "ar")  # type: ignore[arg-type]
    assert len(payload.body(knock(target=target), NOW)) <= LARGEST


def test_an_urgent_one_looks_like_any_other() -> None:
    one = knock()
    assert payload.body(one, NOW) == payload.body(one._replace(urgent=True), NOW)


@pytest.mark.parametrize(("lives", "ttl"), [(7200, "3600s"), (90, "90s"), (0.4, "0s"), (-5, "0s")])
def test_the_service_keeps_it_for_an_hour_at_most(lives: float, ttl: str) -> None:
    made = json.loads(payload.body(knock(lives=timedelta(seconds=lives)), NOW))
    assert made["message"]["android"]["ttl"] == ttl


def test_a_reference_does_not_tell_when_its_message_was_made() -> None:
    earlier, later = UUID(int=1 << 100), UUID(int=(1 << 100) + 1)
    assert ref(earlier)[:8] != ref(later)[:8]
    assert ref(earlier) == ref(earlier)
    assert ref(earlier) not in {earlier.hex, str(earlier)}


def test_knocks_that_replace_each_other_do_so_on_one_device_alone() -> None:
    one = knock()
    again = one._replace(message_id=uuid4())
    elsewhere = one._replace(target=one.target._replace(device_id=uuid4()))
    assert payload.collapse_key(one) == payload.collapse_key(again)
    assert payload.collapse_key(one) != payload.collapse_key(elsewhere)
    assert len(payload.collapse_key(one)) == 32
