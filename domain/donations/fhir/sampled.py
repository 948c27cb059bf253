"""SampledData: a series of numbers at equal distances, as a string."""

from typing import NamedTuple

import numpy as np
from msgspec import UnsetType

from domain.donations.fhir.outcomes import Unfit
from domain.donations.fhir.resources import SampledData
from domain.donations.fhir.values import unit_of
from domain.donations.forms import DECIMALS
from domain.donations.measures import DAY, Measure

LONGEST = 366 * DAY
CHARACTERS = str.maketrans("", "", "0123456789.+-eE UL")
WITHOUT = frozenset("EUL")
"""What stands where there is no number: an error, below or above what the device can tell."""


class Series(NamedTuple):
    """Values with their distances in ms from the first position. `length`: of all positions, in ms."""

    unit: str
    at: list[int]
    values: list[float]
    empty: int
    length: float


def series_of(sampled: SampledData, measure: Measure, room: int, where: str) -> Series:
    """Its numbers, one for each position that has one.

    Raises:
        Unfit: it is not as R4 has it, is no series of one number, or has more than `room` positions.

    """
    if not measure.is_number:
        raise Unfit("wrong-columns", where, "value")
    if sampled.dimensions != 1:
        raise Unfit("wrong-columns", f"{where}.dimensions", "value")
    if sampled.period < 1:  # a sample is known by its millisecond
        raise Unfit("not-supported", f"{where}.period")
    if isinstance(sampled.origin.value, UnsetType):
        raise Unfit("invalid-resource", f"{where}.origin.value", "required")
    if sampled.data.count(" ") >= room:
        raise Unfit("too-costly", f"{where}.data")
    tokens = sampled.data.split(" ")
    kept = [(at, token) for at, token in enumerate(tokens) if token not in WITHOUT]
    if not kept:
        raise Unfit("wrong-columns", f"{where}.data")
    length = len(tokens) * sampled.period
    if length > LONGEST:
        raise Unfit("time-out-of-bounds", f"{where}.period")
    return Series(
        unit_of(sampled.origin, measure, f"{where}.origin"),
        [round(at * sampled.period) for at, _ in kept],
        _scaled([token for _, token in kept], sampled, sampled.origin.value, where),
        len(tokens) - len(kept),
        length,
    )


def _scaled(tokens: list[str], sampled: SampledData, origin: float, where: str) -> list[float]:
    if sampled.data.translate(CHARACTERS):  # float() would take "nan", "1_0" and other digits
        raise Unfit("invalid-resource", f"{where}.data", "value")
    try:
        numbers = np.array([float(token) for token in tokens])
    except ValueError:
        raise Unfit("invalid-resource", f"{where}.data", "value") from None
    with np.errstate(over="ignore", invalid="ignore"):  # what cannot be is refused as a value
        scaled = np.round(numbers * sampled.factor + origin, DECIMALS)
    return [*map(float, scaled)]
