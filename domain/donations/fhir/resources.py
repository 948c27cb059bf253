"""The elements of R4 resources that are taken in. Unknown elements are skipped, unknown modifiers refused."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from domain.donations.model import MAX_SAMPLES
from domain.fields import CLEAN

MAX_ENTRIES = MAX_SAMPLES

Unknown = Annotated[
    list[Raw],
    Meta(
        max_length=0,
        description="Refused: none is known here",
        extra_json_schema={"items": {"type": "object"}},
    ),
]
"""What must not be there, since nobody here knows what it changes."""
Rules = Annotated[str, Meta(max_length=0, description="Refused: none are known here")]
Text = Annotated[str, Meta(min_length=1, max_length=1_000, pattern=CLEAN)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
        r"(?:\.[0-9]{1,12})?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))$",
        examples=["2026-03-01T08:30:00.000+01:00"],
    ),
]
"""A dateTime or instant with its time and zone: a sample is known by its moment."""
Status = Literal[
    "registered", "preliminary", "final", "amended", "corrected", "cancelled",
    "entered-in-error", "unknown",
]  # fmt: skip


class Element(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Elements have their names of FHIR's JSON."""


class Coding(Element, frozen=True, kw_only=True):
    system: str | UnsetType = UNSET
    code: str | UnsetType = UNSET


class CodeableConcept(Element, frozen=True, kw_only=True):
    coding: Annotated[list[Coding], Meta(max_length=32)] = []


class Period(Element, frozen=True, kw_only=True):
    start: Moment
    end: Moment


class Quantity(Element, frozen=True, kw_only=True):
    value: float | UnsetType = UNSET
    comparator: Rules | UnsetType = UNSET
    unit: Annotated[str, Meta(pattern=CLEAN)] | UnsetType = UNSET
    system: str | UnsetType = UNSET
    code: str | UnsetType = UNSET


class SampledData(Element, frozen=True, kw_only=True):
    """`data` holds numbers by single spaces; E, U and L stand where there is none."""

    origin: Quantity
    period: Annotated[float, Meta(gt=0, description="Milliseconds between samples")]
    factor: float = 1.0
    dimensions: Annotated[int, Meta(ge=1)]
    data: str


class Identifier(Element, frozen=True, kw_only=True):
    id: Text | UnsetType = UNSET
    use: Literal["usual", "official", "temp", "secondary", "old"] | UnsetType = UNSET
    system: Text | UnsetType = UNSET
    value: Text | UnsetType = UNSET


class Reference(Element, frozen=True, kw_only=True):
    reference: Text | UnsetType = UNSET
    type: Text | UnsetType = UNSET
    identifier: Identifier | UnsetType = UNSET
    display: Text | UnsetType = UNSET


class Attachment(Element, frozen=True, kw_only=True):
    content_type: str | UnsetType = UNSET
    data: str


class Extension(Element, frozen=True, kw_only=True):
    url: str
    value_string: str | UnsetType = UNSET
    value_coding: Coding | UnsetType = UNSET
    extension: list["Extension"] = []


class ResourceMeta(Element, frozen=True, kw_only=True):
    source: Text | UnsetType = UNSET


class Component(Element, frozen=True, kw_only=True):
    modifier_extension: Unknown | UnsetType = UNSET
    code: CodeableConcept
    value_quantity: Quantity | UnsetType = UNSET
    value_codeable_concept: CodeableConcept | UnsetType = UNSET
    value_string: str | UnsetType = UNSET
    value_boolean: bool | UnsetType = UNSET
    value_integer: int | UnsetType = UNSET
    value_sampled_data: SampledData | UnsetType = UNSET


class Observation(Element, frozen=True, kw_only=True):
    """An Observation of the resident, by the resident's own devices.

    It needs a time with its zone (`effectiveDateTime`, `effectiveInstant` or `effectivePeriod`) but
    where an Open mHealth document in `valueAttachment` has its own. `entered-in-error` deletes what
    was given under the identifier, `amended` and `corrected` replace it.
    """

    resource_type: Literal["Observation"]
    id: Id | UnsetType = UNSET
    meta: ResourceMeta | UnsetType = UNSET
    implicit_rules: Rules | UnsetType = UNSET
    modifier_extension: Unknown | UnsetType = UNSET
    extension: list[Annotated[Raw, Meta(extra_json_schema={"type": "object"})]] = []
    identifier: Annotated[list[Identifier], Meta(max_length=32)] = []
    status: Status
    code: CodeableConcept
    subject: Reference | UnsetType = UNSET
    focus: Unknown | UnsetType = UNSET
    effective_date_time: Moment | UnsetType = UNSET
    effective_instant: Moment | UnsetType = UNSET
    effective_period: Period | UnsetType = UNSET
    value_quantity: Quantity | UnsetType = UNSET
    value_codeable_concept: CodeableConcept | UnsetType = UNSET
    value_string: str | UnsetType = UNSET
    value_boolean: bool | UnsetType = UNSET
    value_integer: int | UnsetType = UNSET
    value_sampled_data: SampledData | UnsetType = UNSET
    value_attachment: Attachment | UnsetType = UNSET
    device: Reference | UnsetType = UNSET
    component: Annotated[list[Component], Meta(max_length=64)] = []


class Request(Element, frozen=True, kw_only=True):
    modifier_extension: Unknown | UnsetType = UNSET
    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
    url: Annotated[str, Meta(max_length=2_000)]
    if_match: str | UnsetType = UNSET
    if_none_exist: Annotated[str, Meta(max_length=2_000)] | UnsetType = UNSET


class Entry(Element, frozen=True, kw_only=True):
    """What is asked for one resource."""

    modifier_extension: Unknown | UnsetType = UNSET
    resource: Raw | UnsetType = UNSET
    request: Request


class Bundle(Element, frozen=True, kw_only=True):
    """Observations to be created, replaced (PUT) or deleted: together, or each for itself.

    Of a `transaction` all is stored, or nothing; of a `batch` each entry stands for itself.
    """

    resource_type: Literal["Bundle"]
    implicit_rules: Rules | UnsetType = UNSET
    type: Literal["transaction", "batch"]
    entry: Annotated[
        list[Raw],
        Meta(
            max_length=MAX_ENTRIES,
            description="Entries of an Observation and a request",
            extra_json_schema={"items": {"type": "object"}},
        ),
    ] = []
