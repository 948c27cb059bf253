"""Which samples may be stored, and what an app is told about the others."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consents.gate import Collectable, Milliseconds
from domain.donations.admission import EARLIEST, Judged, judge_all
from domain.donations.columns import fingerprint
from domain.donations.measures import DAY, MEASURES
from domain.donations.model import Batch, Rejection, Upload

NOW = 1_760_000_000_000
EVER = Collectable(live=True, periods=[(None, None)])


def batch(start: list[int], value: list[float] | None = None, **change: object) -> Batch:
    """Heart rates, unless changed."""
    fields = {"measure": "heart-rate", "unit": "/min", "utc_offset_minutes": 60, "start": start}
    if "components" not in change:
        fields["value"] = value or [60.0] * len(start)
    return msgspec.convert(fields | change, Batch)


def steps(start: list[int], end: list[int], value: list[float] | None = None) -> Batch:
    """Step counts over intervals."""
    return batch(start, value, measure="step-count", unit="{steps}", end=end)


def judge(one: Batch, periods: Milliseconds | None = None, *, live: bool = True) -> Judged:
    """One batch, with the same consent for every category."""
    consent = Collectable(live=live, periods=[(None, None)] if periods is None else periods)
    return judge_all([one], {measure.category: consent for measure in MEASURES.values()}, NOW)[0]


def told(judged: Judged) -> list[tuple[str, str, list[int] | None]]:
    """The rejections, shortly."""
    return [(r.code, r.action, r.indices) for r in judged.rejected]


@pytest.mark.parametrize(
    ("one", "code", "action"),
    [
        (batch([NOW], measure="aura"), "unknown-measure", "stop"),
        (batch([NOW], unit="kg"), "wrong-unit", "fix"),
        (batch([NOW], end=[NOW + 1]), "wrong-time-frame", "fix"),
        (batch([NOW], measure="step-count", unit="1"), "wrong-time-frame", "fix"),
    ],
)
def test_a_batch_that_fits_no_measure_is_refused_whole(one: Batch, code: str, action: str) -> None:
    assert told(judge(one)) == [(code, action, None)]


@pytest.mark.parametrize(
    "consents",
    [{}, {"heart": Collectable(live=False, periods=[])}, {"activity": EVER}],
)
def test_a_category_without_a_grant_tells_the_app_to_stop(
    consents: dict[str, Collectable],
) -> None:
    judged = judge_all([batch([NOW, NOW + 1])], consents, NOW)[0]
    assert judged.rejected == [Rejection(code="no-grant", action="stop", count=2, indices=None)]
    assert len(judged.columns.start) == 0


def test_other_categories_of_the_upload_are_kept() -> None:
    heart, activity = judge_all([batch([NOW]), steps([NOW - 10], [NOW])], {"activity": EVER}, NOW)
    assert (len(heart.columns.start), len(activity.columns.start)) == (0, 1)


@pytest.mark.parametrize(
    "value", [19.9, 300.1, -60.0, 0.0, 1e300, float("nan"), float("inf"), -float("inf")]
)
def test_an_implausible_value_is_refused_by_its_index(value: float) -> None:
    judged = judge(batch([NOW, NOW + 1, NOW + 2], [60, value, 61]))
    assert told(judged) == [("implausible-value", "fix", [1])]
    assert judged.columns.values[0].tolist() == [60, 61]


@pytest.mark.parametrize("value", [-1.0, 1_000_000.0])
def test_steps_of_a_million_and_below_none_are_refused(value: float) -> None:
    assert told(judge(steps([NOW - DAY], [NOW], [value]))) == [("implausible-value", "fix", [0])]


def test_times_are_taken_from_the_year_2000_to_a_day_ahead() -> None:
    edges = [EARLIEST - 1, EARLIEST, NOW + DAY, NOW + DAY + 1, -(2**53) + 1, 2**53 - 1]
    judged = judge(batch(edges))
    assert told(judged) == [("time-out-of-bounds", "fix", [0, 3, 4, 5])]
    assert judged.columns.start.tolist() == [EARLIEST, NOW + DAY]


@pytest.mark.parametrize("end", [NOW, NOW - 1, NOW + DAY + 1, -(2**53) + 1, 2**53 - 1])
def test_an_interval_ends_after_it_starts_and_within_a_day(end: int) -> None:
    assert told(judge(steps([NOW], [end]))) == [("time-out-of-bounds", "fix", [0])]


def test_a_sample_is_refused_once_for_its_first_fault() -> None:
    judged = judge(batch([5, NOW, NOW + 1], [-1, -1, 60]), [(NOW, NOW + DAY)])
    assert told(judged) == [("time-out-of-bounds", "fix", [0]), ("implausible-value", "fix", [1])]


def test_what_was_measured_in_a_pause_is_skipped_and_the_sync_goes_on() -> None:
    judged = judge(batch([NOW - 30, NOW - 20, NOW - 10]), [(None, NOW - 25), (NOW - 15, None)])
    assert told(judged) == [("outside-consent", "skip", [1])]


def test_once_consent_has_ended_the_sync_stops_but_what_was_permitted_is_kept() -> None:
    judged = judge(batch([NOW - 30, NOW - 20]), [(None, NOW - 25)], live=False)
    assert told(judged) == [("outside-consent", "stop", [1])]
    assert judged.columns.start.tolist() == [NOW - 30]


def test_an_interval_lies_within_one_period_from_start_to_end() -> None:
    judged = judge(
        steps([NOW - 30, NOW - 20, NOW - 10], [NOW - 20, NOW - 10, NOW]), [(NOW - 30, NOW - 15)]
    )
    assert told(judged) == [("outside-consent", "skip", [1, 2])]


def test_doubles_within_an_upload_are_counted_where_they_stand() -> None:
    first, second = judge_all(
        [batch([NOW, NOW, NOW + 5]), batch([NOW + 9, NOW])], {"heart": EVER}, NOW
    )
    assert (first.duplicates, second.duplicates) == (1, 1)
    assert second.columns.start.tolist() == [NOW + 9]


def test_a_refused_sample_does_not_win_over_a_good_one_of_the_same_time() -> None:
    judged = judge(batch([NOW, NOW], [-1, 60]))
    assert (judged.columns.values[0].tolist(), judged.duplicates) == ([60], 0)


def test_a_unit_of_the_same_dimension_is_converted() -> None:
    assert judge(batch([NOW], [1.5], unit="Hz")).columns.values[0].tolist() == [90]


edges = st.lists(st.integers(0, 50), unique=True, max_size=8).map(sorted)


@given(edges, st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_admission_is_by_the_samples_own_time(bounds: list[int], times: list[int]) -> None:
    spans = list(zip(bounds[::2], bounds[1::2], strict=False))
    judged = judge(
        batch([EARLIEST + t for t in times]), [(EARLIEST + a, EARLIEST + b) for a, b in spans]
    )
    expected = {EARLIEST + t for t in times if any(a <= t < b for a, b in spans)}
    assert judged.columns.start.tolist() == sorted(expected)


spans = st.sampled_from([-1, 0, 1, DAY, DAY + 1])
numbers = st.sampled_from([-1.0, 0.0, 500.0, 1e6])
moments = st.tuples(st.integers(-1, 9), spans, numbers)


@given(
    st.lists(moments, min_size=1, max_size=3),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
)
def test_one_more_sample_that_is_refused_changes_nothing_for_the_others(
    samples: list[tuple[int, int, float]], since: int | None, until: int | None
) -> None:
    start, end = ([EARLIEST + at + by for at, by in pairs] for pairs in (
        [(at, 0) for at, _, _ in samples], [(at, span) for at, span, _ in samples],
    ))  # fmt: skip
    value = [number for _, _, number in samples]
    permitted: Milliseconds = [(
        None if since is None else EARLIEST + since, None if until is None else EARLIEST + until + DAY,
    )]  # fmt: skip
    alone = judge(steps(start, end, value), permitted)
    beside = judge(steps([*start, 0], [*end, 0], [*value, 0.0]), permitted)
    assert alone.columns.start.tolist() == beside.columns.start.tolist()
    assert sum(r.count for r in alone.rejected) + 1 == sum(r.count for r in beside.rejected)


@given(st.lists(st.tuples(st.integers(-5, 10), st.floats(0, 400)), min_size=1, max_size=40))
def test_accepted_duplicates_and_rejected_make_up_the_batch(
    samples: list[tuple[int, float]],
) -> None:
    judged = judge(batch([EARLIEST + t for t, _ in samples], [v for _, v in samples]))
    refused = [i for r in judged.rejected for i in r.indices or ()]
    assert len(refused) == len(set(refused)) == sum(r.count for r in judged.rejected)
    assert len(judged.columns.start) + judged.duplicates + len(refused) == len(samples)


@pytest.mark.parametrize(
    "body",
    [
        b'{"source":{"app":"a"},"batches":[]}',
        b'{"source":{"app":"a\\u0000"},"batches":[BATCH]}',
        b'{"source":{"app":"a"},"batches":[BATCH],"resident_id":"x"}',
        b'{"source":{"app":"a"},"batches":[{"measure":"heart-rate","unit":"/min","utc_offset_minutes":0,"start":[1,2],"value":[60]}]}',
        b'{"source":{"app":"a"},"batches":[{"measure":"step-count","unit":"1","utc_offset_minutes":0,"start":[1],"end":[],"value":[60]}]}',
        b'{"source":{"app":"a"},"batches":[{"measure":"heart-rate","unit":"/min","utc_offset_minutes":0,"start":[9007199254740992],"value":[60]}]}',
    ],
)
def test_a_malformed_upload_is_refused_before_any_rule(body: bytes) -> None:
    good = b'{"measure":"heart-rate","unit":"/min","utc_offset_minutes":0,"start":[1],"value":[60]}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body.replace(b"BATCH", good), type=Upload)


def pressures(**components: list[float | str]) -> Batch:
    """Blood pressures, one a millisecond."""
    size = len(next(iter(components.values())))
    start = [NOW + at for at in range(size)]
    return batch(start, measure="blood-pressure", unit="mm[Hg]", components=components)


def test_a_measure_of_two_numbers_keeps_both() -> None:
    judged = judge(pressures(diastolic=[80, 81], systolic=[120, 121]))
    assert [column.tolist() for column in judged.columns.values] == [[120, 121], [80, 81]]


def test_each_number_has_bounds_of_its_own() -> None:
    judged = judge(pressures(systolic=[120, 400, 121, 30], diastolic=[19, 81, 80, 10]))
    assert told(judged) == [("implausible-value", "fix", [0, 1, 3])]


def stages(*stage: float | str) -> Batch:
    """Minutes of sleep."""
    start = [NOW - 60_000 * (at + 1) for at in range(len(stage))]
    end = [at + 60_000 for at in start]
    return batch(start, measure="sleep-stage", unit=None, end=end, components={"stage": stage})


def test_codes_are_stored_as_their_positions_and_an_unknown_one_is_refused() -> None:
    codes = MEASURES["sleep-stage"].components[0].codes
    judged = judge(stages(codes[2], "dreaming", codes[0], 1.0, -1.0))
    assert told(judged) == [("unknown-code", "fix", [1, 3, 4])]
    assert judged.columns.values[0].tolist() == [0, 2]


@pytest.mark.parametrize(
    "one",
    [
        pressures(systolic=[120]),
        pressures(systolic=[120], diastolic=["80"]),
        pressures(systolic=[120], diastolic=[80], pulse=[60]),
        batch([NOW], measure="blood-pressure", unit="mm[Hg]"),
        batch([NOW], components={"rate": [60]}),
        batch([NOW], measure="sleep-stage", unit=None, end=[NOW + 1]),
    ],
)
def test_other_columns_than_the_measures_are_refused_whole(one: Batch) -> None:
    assert told(judge(one)) == [("wrong-columns", "fix", None)]


def test_a_converted_number_beyond_all_bounds_is_refused_like_others() -> None:
    assert told(judge(batch([NOW], [1.7e308], unit="Hz"))) == [("implausible-value", "fix", [0])]


def test_a_replacement_in_the_same_upload_takes_the_place_of_what_came_before() -> None:
    before = batch([NOW, NOW + 1], id=["a", "b"])
    after = batch([NOW], [61.0], id=["a"], replaces=True)
    first, second = judge_all([before, after], {"heart": EVER}, NOW)
    assert (first.columns.start.tolist(), first.duplicates) == ([NOW + 1], 1)
    assert (second.columns.values[0].tolist(), second.duplicates) == ([61], 0)
    assert second.columns.ids is not None
    assert second.columns.ids.tolist() == [fingerprint("a")]
