"""What an Observation tells: the samples of one measure, or of the two that some kinds hold."""

from msgspec import UNSET

from domain.donations.fhir.codes import VOLTAGE
from domain.donations.fhir.groups import Samples
from domain.donations.fhir.outcomes import Fault, Unfit
from domain.donations.fhir.resources import Observation, SampledData
from domain.donations.fhir.sampled import Series, series_of
from domain.donations.fhir.terms import IN_BED
from domain.donations.fhir.times import WHERE, Span, effective, span_of
from domain.donations.fhir.values import value_of
from domain.donations.measures import MEASURES, MINUTE, Measure


def samples_of(
    observation: Observation, measure: Measure, room: int, notes: list[Fault]
) -> list[Samples]:
    """Its samples, at most `room`; what was left out is noted. Raises Unfit."""
    sampled = observation.value_sampled_data
    if sampled is not UNSET:
        return [_series(observation, measure, sampled, room, notes)]
    if measure.code == "sleep-stage" and _is_in_bed(observation):
        return [_in_bed(observation)]
    span = span_of(observation, measure)
    value = value_of(observation, measure)
    ends = None if span.end is None else (span.end,)
    told = Samples(measure, value.unit, span.offset, (span.start,), ends, (value.row,), span.until)
    if measure.code == "electrocardiogram":
        return [told, *_curve(observation, span, room - 1, notes)]
    return [told]


def _series(
    observation: Observation, measure: Measure, sampled: SampledData, room: int, notes: list[Fault]
) -> Samples:
    told = effective(observation)
    series = series_of(sampled, measure, room, "resource.value")
    if told.end is not None and told.start + series.length > told.end + sampled.period:
        raise Unfit("wrong-time-frame", WHERE)
    return _placed(series, measure, told, sampled.period, notes)


def _placed(
    series: Series, measure: Measure, told: Span, period: float, notes: list[Fault]
) -> Samples:
    starts = [told.start + at for at in series.at]
    ends = None
    if measure.longest_ms is not None:
        ends = [start + round(period) for start in starts]
    if series.empty:
        notes.append(Fault("without-value", "resource.value", samples=series.empty))
    rows = [(value,) for value in series.values]
    return Samples(measure, series.unit, told.offset, starts, ends, rows)


def _curve(observation: Observation, span: Span, room: int, notes: list[Fault]) -> list[Samples]:
    """The curve of an ECG: components of some seconds each, one after the other."""
    measure = MEASURES["ecg-voltage"]
    parts: list[Samples] = []
    begun = float(span.start)
    for at, component in enumerate(observation.component):
        sampled = component.value_sampled_data
        said = {(coding.system, coding.code) for coding in component.code.coding}
        if sampled is not UNSET and said & VOLTAGE:
            series = series_of(sampled, measure, room, f"resource.component[{at}].value")
            at_start = span._replace(start=round(begun))
            parts.append(_placed(series, measure, at_start, sampled.period, notes))
            room -= len(series.values)
            begun += series.length
    return parts


def _is_in_bed(observation: Observation) -> bool:
    concept = observation.value_codeable_concept
    return concept is not UNSET and IN_BED in {(one.system, one.code) for one in concept.coding}


def _in_bed(observation: Observation) -> Samples:
    measure = MEASURES["time-in-bed"]
    span = span_of(observation, measure)
    end = span.start if span.end is None else span.end
    minutes = (end - span.start) / MINUTE
    return Samples(measure, "min", span.offset, (span.start,), (end,), ((minutes,),))
