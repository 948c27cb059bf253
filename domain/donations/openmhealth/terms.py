"""What the schemas have in common: when, under which circumstances, and whether it is a statistic."""

from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from domain.donations.openmhealth.frames import DatedFrame

Text: TypeAlias = str | UnsetType
Truth: TypeAlias = bool | UnsetType

Statistic = (
    Literal[
        "average", "count", "maximum", "median", "minimum", "standard deviation", "sum", "variance",
        "20th percentile", "80th percentile", "lower quartile", "upper quartile",
        "quartile deviation", "1st quintile", "2nd quintile", "3rd quintile", "4th quintile",
    ]
    | UnsetType
)  # fmt: skip
"""descriptive-statistic 1.2, which is IEEE's 1.0."""
FewStatistics = (
    Literal["average", "maximum", "minimum", "standard deviation", "variance", "sum", "median"]
    | UnsetType
)
"""descriptive-statistic 1.0, which step-count asks for."""
ToSleep = Literal["before sleeping", "during sleep", "on waking"] | UnsetType
ToActivity = (
    Literal["at rest", "active", "before exercise", "after exercise", "during exercise"] | UnsetType
)
ToMeal = (
    Literal[
        "fasting", "not fasting", "before meal", "after meal", "before breakfast",
        "after breakfast", "before lunch", "after lunch", "before dinner", "after dinner",
        "2 hours postprandial", "with meal", "with food",
    ]
    | UnsetType
)  # fmt: skip
"""temporal-relationship-to-meal 1.2."""
Posture = Literal["sitting", "lying down", "standing", "semi-recumbent"] | UnsetType
Location = (
    Literal[
        "left ankle", "right ankle", "left hip", "right hip", "left thigh", "right thigh",
        "left thorax", "middle left thorax", "left upper arm", "right upper arm", "left wrist",
        "right wrist",
    ]
    | UnsetType
)  # fmt: skip
"""body-location 1.1."""


Sometime = DatedFrame | UnsetType
"""Until a measure's schema asks for a time frame, it may be missing."""


class Described(Struct, frozen=True, kw_only=True):
    descriptive_statistic: Statistic = UNSET


class Counted(Described, frozen=True, kw_only=True):
    descriptive_statistic_denominator: Text = UNSET
