"""The schemas that are taken: for each its Struct, the measure it is stored as and what it says of it.

What else a body says (posture, meal, statistic …) are circumstances. They belong to the stream:
the same measure under other circumstances is another stream.
"""

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import UNSET, Struct

from domain.donations.openmhealth import activity, body, sleep, vitals
from domain.donations.openmhealth.headers import SchemaId
from domain.donations.openmhealth.quantities import Quantity
from domain.donations.openmhealth.terms import Truth

FRAME = "effective_time_frame"
LEFT_OUT = frozenset(
    {
        "user_notes",  # free text may name others, and nobody looks it over
        "number_of_satellites_in_view",
        "number_of_satellites_in_fix",
        "satellite_signal_strengths",
        "sleep_events",
        "awakening_durations",
        "snore_events",
    }
)
"""Members that are checked and not kept."""


class Said(NamedTuple):
    """A member of a body that becomes a component. A part of a composite has a unit of its own."""

    component: str
    member: str
    unit: str | None = None


class Schema:
    """A version of a measure."""

    def __init__(self, schema_id: str, kind: type[Struct], measure: str, *said: Said) -> None:
        self.schema_id = schema_id
        self.measure = measure
        self.said = said
        self.is_composite = any(part.unit is not None for part in said)
        members = [part.member for part in said]
        known = {FRAME, *members, *LEFT_OUT}
        self.circumstances = tuple(name for name in kind.__struct_fields__ if name not in known)
        self.plain = (UNSET,) * len(self.circumstances)
        self.members = attrgetter(FRAME, *members)
        self.about = _getter(self.circumstances)
        self.kind = kind
        self.decode = msgspec.json.Decoder(kind).decode
        self.units = {part.member: _units(kind, part.member) for part in said}

    def retold(self, name: str, text: str) -> object:
        """A circumstance that is kept as text, as the body has it."""
        if _units(self.kind, name):
            number, _, unit = text.partition(" ")
            return {"value": float(number), "unit": unit}
        return text == "true" if get_type_hints(self.kind)[name] == Truth else text


@cache
def _units(kind: type[Struct], member: str) -> tuple[str, ...]:
    """The units that a member may have, as the schema spells them; none where it is no quantity."""
    hint = get_type_hints(kind)[member]
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and issubclass(one, Quantity):
            return get_args(get_type_hints(one)["unit"])
    return ()


def _getter(names: tuple[str, ...]) -> Any:  # noqa: ANN401 - a function of a body
    """The members of those names as a tuple, however many there are."""
    if len(names) > 1:
        return attrgetter(*names)
    if names:
        one = attrgetter(names[0])
        return lambda found: (one(found),)
    return lambda _: ()


def value(member: str) -> Said:
    """The one number of a measure."""
    return Said("value", member)


PRESSURES = (
    Said("systolic", "systolic_blood_pressure"),
    Said("diastolic", "diastolic_blood_pressure"),
)
PLACE = (Said("latitude", "latitude"), Said("longitude", "longitude"))
OLD_SLEEP = (
    Said("total-minutes", "total_sleep_time", "min"),
    Said("onset-latency-minutes", "latency_to_sleep_onset", "min"),
    Said("arising-latency-minutes", "latency_to_arising", "min"),
    Said("awakenings", "number_of_awakenings", "1"),
    Said("maintenance-efficiency-percent", "sleep_maintenance_efficiency_percentage", "%"),
)
WAKING = Said("wake-after-onset-minutes", "wake_after_sleep_onset", "min")
SLEEP = (
    *OLD_SLEEP[:4],
    WAKING,
    Said("light-minutes", "light_sleep_duration", "min"),
    Said("deep-minutes", "deep_sleep_duration", "min"),
    Said("rem-minutes", "rem_sleep_duration", "min"),
    Said("efficiency-percent", "sleep_efficiency_percentage", "%"),
)
DISTANCE = Said("distance-metres", "distance", "m")
METS = Said("mets", "met_value", "1")
ENERGY = Said("energy-kcal", "kcal_burned", "kcal")
ACTIVITY = (
    DISTANCE,
    METS,
    ENERGY,
    Said("movements", "base_movement_quantity", "1"),
    Said("cadence", "average_cadence", "1"),
    Said("elevation-gain-metres", "cumulative_elevation_gain", "m"),
    Said("minutes", "duration", "min"),
    Said("light-minutes", "duration_light_activity", "min"),
    Said("moderate-minutes", "duration_moderate_activity", "min"),
    Said("vigorous-minutes", "duration_vigorous_activity", "min"),
    Said("metres-per-second", "average_speed", "m/s"),
)

_TAKEN = (
    Schema("omh:heart-rate:1.0", vitals.HeartRate1, "heart-rate", value("heart_rate")),
    Schema("omh:heart-rate:1.1", vitals.HeartRate11, "heart-rate", value("heart_rate")),
    Schema("omh:heart-rate:2.0", vitals.HeartRate2, "heart-rate", value("heart_rate")),
    Schema("omh:rr-interval:1.0", vitals.RRInterval1, "rr-interval", value("rr_interval")),
    Schema("omh:respiratory-rate:1.0", vitals.RespiratoryRate1, "respiratory-rate", value("respiratory_rate")),
    Schema("omh:respiratory-rate:2.0", vitals.RespiratoryRate2, "respiratory-rate", value("respiratory_rate")),
    Schema("omh:oxygen-saturation:1.0", vitals.OxygenSaturation1, "oxygen-saturation", value("oxygen_saturation")),
    Schema("omh:oxygen-saturation:2.0", vitals.OxygenSaturation2, "oxygen-saturation", value("oxygen_saturation")),
    Schema("omh:blood-pressure:1.0", vitals.BloodPressure1, "blood-pressure", *PRESSURES),
    Schema("omh:blood-pressure:2.0", vitals.BloodPressure2, "blood-pressure", *PRESSURES),
    Schema("omh:blood-pressure:3.0", vitals.BloodPressure3, "blood-pressure", *PRESSURES),
    Schema("omh:blood-pressure:3.1", vitals.BloodPressure31, "blood-pressure", *PRESSURES),
    Schema("omh:blood-pressure:4.0", vitals.BloodPressure4, "blood-pressure", *PRESSURES),
    Schema("omh:body-temperature:1.0", vitals.BodyTemperature1, "body-temperature", value("body_temperature")),
    Schema("omh:body-temperature:2.0", vitals.BodyTemperature2, "body-temperature", value("body_temperature")),
    Schema("omh:body-temperature:3.0", vitals.BodyTemperature3, "body-temperature", value("body_temperature")),
    Schema("omh:body-temperature:4.0", vitals.BodyTemperature4, "body-temperature", value("body_temperature")),
    Schema("omh:blood-glucose:1.0", vitals.BloodGlucose1, "blood-glucose", value("blood_glucose")),
    Schema("omh:blood-glucose:2.0", vitals.BloodGlucose2, "blood-glucose", value("blood_glucose")),
    Schema("omh:blood-glucose:3.0", vitals.BloodGlucose3, "blood-glucose", value("blood_glucose")),
    Schema("omh:blood-glucose:4.0", vitals.BloodGlucose4, "blood-glucose", value("blood_glucose")),
    Schema("omh:forced-expiratory-volume-1-second:1.0", vitals.ForcedExpiratoryVolume1, "forced-expiratory-volume", value("forced_expiratory_volume_1_second")),
    Schema("omh:forced-vital-capacity:1.0", vitals.ForcedVitalCapacity1, "forced-vital-capacity", value("forced_vital_capacity")),
    Schema("omh:body-weight:1.0", body.BodyWeight1, "body-weight", value("body_weight")),
    Schema("omh:body-weight:2.0", body.BodyWeight2, "body-weight", value("body_weight")),
    Schema("omh:body-weight:3.0", body.BodyWeight3, "body-weight", value("body_weight")),
    Schema("omh:body-height:1.0", body.BodyHeight1, "body-height", value("body_height")),
    Schema("omh:body-height:2.0", body.BodyHeight2, "body-height", value("body_height")),
    Schema("omh:body-mass-index:1.0", body.BodyMassIndex1, "body-mass-index", value("body_mass_index")),
    Schema("omh:body-mass-index:2.0", body.BodyMassIndex2, "body-mass-index", value("body_mass_index")),
    Schema("omh:body-mass-index:3.0", body.BodyMassIndex3, "body-mass-index", value("body_mass_index")),
    Schema("omh:body-fat-percentage:1.0", body.BodyFat1, "body-fat-percentage", value("body_fat_percentage")),
    Schema("omh:body-fat-percentage:2.0", body.BodyFat2, "body-fat-percentage", value("body_fat_percentage")),
    Schema("omh:step-count:1.0", activity.StepCount1, "step-count", value("step_count")),
    Schema("omh:step-count:2.0", activity.StepCount2, "step-count", value("step_count")),
    Schema("omh:step-count:3.0", activity.StepCount3, "step-count", value("step_count")),
    Schema("omh:calories-burned:1.0", activity.CaloriesBurned1, "calories-burned", value("kcal_burned")),
    Schema("omh:calories-burned:2.0", activity.CaloriesBurned2, "calories-burned", value("kcal_burned")),
    Schema("omh:minutes-moderate-activity:1.0", activity.MinutesModerateActivity1, "minutes-moderate-activity", value("minutes_moderate_activity")),
    Schema("omh:physical-activity:1.0", activity.PhysicalActivity1, "physical-activity", DISTANCE),
    Schema("omh:physical-activity:1.1", activity.PhysicalActivity11, "physical-activity", DISTANCE, METS),
    Schema("omh:physical-activity:1.2", activity.PhysicalActivity12, "physical-activity", DISTANCE, METS, ENERGY),
    Schema("ieee:physical-activity:1.0", activity.IEEEPhysicalActivity1, "physical-activity", *ACTIVITY),
    Schema("omh:speed:1.0", activity.Speed1, "speed", value("speed")),
    Schema("omh:geoposition:1.0", activity.Geoposition1, "geoposition", *PLACE),
    Schema("omh:sleep-duration:1.0", sleep.SleepDuration1, "total-sleep-time", value("sleep_duration")),
    Schema("omh:sleep-duration:2.0", sleep.SleepDuration2, "total-sleep-time", value("sleep_duration")),
    Schema("omh:total-sleep-time:1.0", sleep.TotalSleepTime1, "total-sleep-time", value("total_sleep_time")),
    Schema("ieee:total-sleep-time:1.0", sleep.IEEETotalSleepTime1, "total-sleep-time", value("total_sleep_time")),
    Schema("ieee:time-in-bed:1.0", sleep.TimeInBed1, "time-in-bed", value("time_in_bed")),
    Schema("ieee:sleep-onset-latency:1.0", sleep.SleepOnsetLatency1, "sleep-onset-latency", value("sleep_onset_latency")),
    Schema("ieee:wake-after-sleep-onset:1.0", sleep.WakeAfterSleepOnset1, "wake-after-sleep-onset", value("wake_after_sleep_onset")),
    Schema("ieee:apnea-hypopnea-index:1.0", sleep.ApneaHypopneaIndex1, "apnea-hypopnea-index", value("apnea_hypopnea_index")),
    Schema("ieee:arousal-index:1.0", sleep.ArousalIndex1, "arousal-index", value("arousal_index")),
    Schema("ieee:snore-index:1.0", sleep.SnoreIndex1, "snore-index", value("snore_index")),
    Schema("omh:sleep-episode:1.0", sleep.SleepEpisode1, "sleep-episode", *OLD_SLEEP),
    Schema("omh:sleep-episode:1.1", sleep.SleepEpisode11, "sleep-episode", *OLD_SLEEP, WAKING),
    Schema("ieee:sleep-episode:1.0", sleep.IEEESleepEpisode1, "sleep-episode", *SLEEP),
)  # fmt: skip

SCHEMAS: Mapping[SchemaId, Schema] = MappingProxyType(
    {SchemaId(*schema.schema_id.split(":")): schema for schema in _TAKEN}
)


def told(measure: str) -> list[Schema]:
    """The schemas in which a measure can be told, the newest first."""
    return [schema for schema in reversed(_TAKEN) if schema.measure == measure]
