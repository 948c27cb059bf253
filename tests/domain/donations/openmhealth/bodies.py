"""A body for each schema that is taken, written from the standards, and documents around bodies."""

from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Raw

JSON: TypeAlias = dict[str, Any]

CREATED = "2024-02-05T07:25:00+01:00"
ID = "0f1c3b52-7a53-4a0e-9d5e-3c1f7f1a2b3c"
POINT = {"date_time": "2024-02-05T07:20:00+01:00"}
NIGHT = {
    "time_interval": {
        "start_date_time": "2024-02-04T22:00:00+01:00",
        "end_date_time": "2024-02-05T06:30:00+01:00",
    }
}
MORNING = {"time_interval": {"date": "2024-02-05", "part_of_day": "morning"}}


def of(value: float, unit: str) -> JSON:
    return {"value": value, "unit": unit}


def minutes(value: float) -> JSON:
    return of(value, "min")


PRESSURE = {"systolic_blood_pressure": of(120, "mmHg"), "diastolic_blood_pressure": of(80, "mmHg")}
AT_POINT = {"effective_time_frame": POINT}
AT_NIGHT = {"effective_time_frame": NIGHT}

BODIES: dict[str, JSON] = {
    "omh:heart-rate:1.0": {"heart_rate": of(60, "beats/min"), "user_notes": "calm"},
    "omh:heart-rate:1.1": {"heart_rate": of(60, "beats/min"), **AT_POINT},
    "omh:heart-rate:2.0": {"heart_rate": of(60.5, "beats/min"), **AT_POINT,
                           "temporal_relationship_to_sleep": "on waking"},
    "omh:rr-interval:1.0": {"rr_interval": of(850, "ms"), **AT_POINT},
    "omh:respiratory-rate:1.0": {"respiratory_rate": of(14, "breaths/min")},
    "omh:respiratory-rate:2.0": {"respiratory_rate": of(14, "breaths/min"), **AT_POINT},
    "omh:oxygen-saturation:1.0": {"oxygen_saturation": of(97, "%"),
                                  "supplemental_oxygen_flow_rate": of(2.5, "L/min")},
    "omh:oxygen-saturation:2.0": {"oxygen_saturation": of(97, "%"), **AT_POINT,
                                  "measurement_method": "pulse oximetry"},
    "omh:blood-pressure:1.0": {**PRESSURE, "position_during_measurement": "sitting"},
    "omh:blood-pressure:2.0": {**PRESSURE, "body_posture": "semi-recumbent"},
    "omh:blood-pressure:3.0": {**PRESSURE, **AT_POINT, "measurement_location": "left wrist"},
    "omh:blood-pressure:3.1": {**PRESSURE, **AT_POINT,
                               "temporal_relationship_to_physical_activity": "at rest"},
    "omh:blood-pressure:4.0": {**PRESSURE, **AT_POINT, "body_posture": "sitting"},
    "omh:body-temperature:1.0": {"body_temperature": of(310.15, "K"),
                                 "measurement_location": "otic"},
    "omh:body-temperature:2.0": {"body_temperature": of(98.6, "F"),
                                 "effective_time_frame": MORNING},
    "omh:body-temperature:3.0": {"body_temperature": of(37, "C"), **AT_POINT},
    "omh:body-temperature:4.0": {"body_temperature": of(37, "C"), **AT_POINT},
    "omh:blood-glucose:1.0": {"blood_glucose": of(95, "mg/dL"), "blood_specimen_type": "plasma"},
    "omh:blood-glucose:2.0": {"blood_glucose": of(95, "mg/dL"), "specimen_source": "whole blood"},
    "omh:blood-glucose:3.0": {"blood_glucose": of(5.2, "mmol/L"), **AT_POINT,
                              "temporal_relationship_to_meal": "2 hours postprandial"},
    "omh:blood-glucose:4.0": {"blood_glucose": of(5.2, "mmol/L"), **AT_POINT,
                              "specimen_source": "interstitial fluid"},
    "omh:forced-expiratory-volume-1-second:1.0": {
        "forced_expiratory_volume_1_second": of(3.1, "L"), **AT_POINT,
        "measurement_quality": "usable"},
    "omh:forced-vital-capacity:1.0": {"forced_vital_capacity": of(4.2, "L"), **AT_POINT},
    "omh:body-weight:1.0": {"body_weight": of(11, "lb"), "effective_time_frame": NIGHT},
    "omh:body-weight:2.0": {"body_weight": of(70_000_000, "mg"), **AT_POINT},
    "omh:body-weight:3.0": {"body_weight": of(70.5, "kg"), **AT_POINT},
    "omh:body-height:1.0": {"body_height": of(1800, "mm"), "effective_time_frame": MORNING},
    "omh:body-height:2.0": {"body_height": of(71, "in"), **AT_POINT},
    "omh:body-mass-index:1.0": {"body_mass_index": of(22, "kg/m2")},
    "omh:body-mass-index:2.0": {"body_mass_index": of(22, "kg/m^2"), **AT_POINT},
    "omh:body-mass-index:3.0": {"body_mass_index": of(22, "kg/m^2"), **AT_POINT},
    "omh:body-fat-percentage:1.0": {"body_fat_percentage": of(20, "%")},
    "omh:body-fat-percentage:2.0": {"body_fat_percentage": of(20, "%"), **AT_POINT},
    "omh:step-count:1.0": {"step_count": 4000},
    "omh:step-count:2.0": {"step_count": 4000, "effective_time_frame": MORNING},
    "omh:step-count:3.0": {"step_count": of(4000, "steps"), **AT_NIGHT},
    "omh:calories-burned:1.0": {"kcal_burned": of(160, "kcal"), "activity_name": "walking"},
    "omh:calories-burned:2.0": {"kcal_burned": of(160, "kcal"), **AT_NIGHT,
                                "descriptive_statistic": "sum",
                                "descriptive_statistic_denominator": "fortnight"},
    "omh:minutes-moderate-activity:1.0": {"minutes_moderate_activity": of(30, "min"), **AT_NIGHT},
    "omh:physical-activity:1.0": {"activity_name": "walking", "distance": of(1.5, "mi")},
    "omh:physical-activity:1.1": {"activity_name": "walking", "met_value": 3.5, **AT_NIGHT},
    "omh:physical-activity:1.2": {"activity_name": "skating", "kcal_burned": of(99, "kcal")},
    "ieee:physical-activity:1.0": {
        "activity_name": "swimming", **AT_NIGHT, "base_movement_quantity": of(40, "laps"),
        "average_cadence": of(30, "strokes/min"), "distance": of(1, "km"),
        "duration": of(0.5, "h"), "average_speed": of(2, "km/h"),
        "reported_activity_intensity": "vigorous"},
    "omh:speed:1.0": {"speed": of(5, "km/h"), **AT_POINT},
    "omh:geoposition:1.0": {"latitude": of(59.3, "deg"), "longitude": of(18.1, "deg"), **AT_POINT,
                            "positioning_system": "Galileo"},
    "omh:sleep-duration:1.0": {"sleep_duration": of(7.5, "h"), **AT_NIGHT},
    "omh:sleep-duration:2.0": {"sleep_duration": of(27_000, "sec"), **AT_NIGHT},
    "omh:total-sleep-time:1.0": {"total_sleep_time": minutes(450), **AT_NIGHT},
    "ieee:total-sleep-time:1.0": {"total_sleep_time": minutes(450), **AT_NIGHT,
                                  "is_main_sleep": True},
    "ieee:time-in-bed:1.0": {"time_in_bed": minutes(500), **AT_NIGHT},
    "ieee:sleep-onset-latency:1.0": {"sleep_onset_latency": minutes(17.5), **AT_NIGHT},
    "ieee:wake-after-sleep-onset:1.0": {"wake_after_sleep_onset": minutes(30), **AT_NIGHT},
    "ieee:apnea-hypopnea-index:1.0": {"apnea_hypopnea_index": of(4, "events/h"), **AT_NIGHT},
    "ieee:arousal-index:1.0": {"arousal_index": of(9, "awakenings/h"), **AT_NIGHT},
    "ieee:snore-index:1.0": {"snore_index": of(20, "snores/h"), **AT_NIGHT},
    "omh:sleep-episode:1.0": {**AT_NIGHT, "number_of_awakenings": 2,
                              "sleep_maintenance_efficiency_percentage": of(94, "%")},
    "omh:sleep-episode:1.1": {**AT_NIGHT, "wake_after_sleep_onset": minutes(30)},
    "ieee:sleep-episode:1.0": {**AT_NIGHT, "rem_sleep_duration": minutes(90),
                               "is_main_sleep": False},
}  # fmt: skip
"""By schema. Those of versions without a time frame leave it out where it is not the point."""


def header(schema_id: str, name: str = ID) -> JSON:
    """As IEEE 1752.1 has it."""
    namespace, schema, version = schema_id.split(":")
    return {
        "uuid": str(UUID(name)),
        "schema_id": {"namespace": namespace, "name": schema, "version": version},
        "source_creation_date_time": CREATED,
    }


def document(schema_id: str, body: object) -> JSON:
    return {"header": header(schema_id), "body": body}


def raw(*documents: object) -> list[Raw]:
    return [Raw(msgspec.json.encode(one)) for one in documents]
