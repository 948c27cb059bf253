"""Questionnaire and QuestionnaireResponse of FHIR R4, as they are read. Pure.

Only what is checked or used here has a field; other plain elements are skipped, since the resource is
kept as it was published. A modifier is read to be refused. Numbers are exact.
"""

import re
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from domain.surveys.faults import Fault, fault
from domain.surveys.numbers import Number, exact

# Without a pattern against NUL, which a whole resource is looked through for once.
Text = Annotated[str, Meta(min_length=1, max_length=100_000)]
Word = Annotated[str, Meta(min_length=1, max_length=2_000)]
LinkId = Annotated[str, Meta(min_length=1, max_length=255)]
Base64 = Annotated[str, Meta(max_length=16_000_000)]
Integer = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Natural = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Unreadable(ValueError):
    """Not a resource that can be checked further. Its text and its fault hold nothing of the input."""

    def __init__(self, found: Fault) -> None:
        super().__init__(found.text)
        self.fault = found


class Element(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Elements have their names of FHIR's JSON. What is read from it is a tree: nothing for the collector."""


class Coding(Element, frozen=True, kw_only=True):
    system: Word | UnsetType = UNSET
    version: Word | UnsetType = UNSET
    code: Word | UnsetType = UNSET
    display: Word | UnsetType = UNSET
    extension: tuple["Extension", ...] = ()


class CodeableConcept(Element, frozen=True, kw_only=True):
    coding: Annotated[tuple[Coding, ...], Meta(max_length=100)] = ()
    text: Text | UnsetType = UNSET


class Quantity(Element, frozen=True, kw_only=True):
    value: Number | UnsetType = UNSET
    comparator: Literal["<", "<=", ">=", ">"] | UnsetType = UNSET
    unit: Word | UnsetType = UNSET
    system: Word | UnsetType = UNSET
    code: Word | UnsetType = UNSET


class Reference(Element, frozen=True, kw_only=True):
    reference: Word | UnsetType = UNSET
    type: Word | UnsetType = UNSET
    display: Word | UnsetType = UNSET


class Attachment(Element, frozen=True, kw_only=True):
    content_type: Word | UnsetType = UNSET
    data: Base64 | UnsetType = UNSET
    url: Word | UnsetType = UNSET
    title: Word | UnsetType = UNSET


class Valued(Element, frozen=True, kw_only=True):
    """An element with one `value[x]` of the types that an answer can have. These fields come first."""

    value_boolean: bool | UnsetType = UNSET
    value_decimal: Number | UnsetType = UNSET
    value_integer: Integer | UnsetType = UNSET
    value_date: Word | UnsetType = UNSET
    value_date_time: Word | UnsetType = UNSET
    value_time: Word | UnsetType = UNSET
    value_string: Text | UnsetType = UNSET
    value_uri: Word | UnsetType = UNSET
    value_attachment: Attachment | UnsetType = UNSET
    value_coding: Coding | UnsetType = UNSET
    value_quantity: Quantity | UnsetType = UNSET
    value_reference: Reference | UnsetType = UNSET


class Extension(Valued, frozen=True, kw_only=True):
    url: Word
    value_code: Word | UnsetType = UNSET
    extension: tuple["Extension", ...] = ()


class Option(Valued, frozen=True, kw_only=True):
    """One of `answerOption`, or of `initial`."""

    initial_selected: bool = False
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class EnableWhen(Element, frozen=True, kw_only=True):
    """A condition on the answer to another question. The answers come first, as in `Valued`."""

    answer_boolean: bool | UnsetType = UNSET
    answer_decimal: Number | UnsetType = UNSET
    answer_integer: Integer | UnsetType = UNSET
    answer_date: Word | UnsetType = UNSET
    answer_date_time: Word | UnsetType = UNSET
    answer_time: Word | UnsetType = UNSET
    answer_string: Text | UnsetType = UNSET
    answer_uri: Raw | UnsetType = field(default=UNSET, name="_")  # R4 has none: keeps the places
    answer_attachment: Raw | UnsetType = field(default=UNSET, name="__")
    answer_coding: Coding | UnsetType = UNSET
    answer_quantity: Quantity | UnsetType = UNSET
    answer_reference: Reference | UnsetType = UNSET
    question: LinkId
    operator: Literal["exists", "=", "!=", ">", "<", ">=", "<="]
    modifier_extension: tuple[Raw, ...] = ()


ItemType = Literal[
    "group", "display", "boolean", "decimal", "integer", "date", "dateTime", "time", "string",
    "text", "url", "choice", "open-choice", "attachment", "reference", "quantity",
]  # fmt: skip


class Item(Element, frozen=True, kw_only=True):
    """An item of a questionnaire."""

    link_id: LinkId
    type: ItemType
    code: tuple[Coding, ...] = ()
    text: Text | UnsetType = UNSET
    enable_when: Annotated[tuple[EnableWhen, ...], Meta(max_length=1_000)] = ()
    enable_behavior: Literal["all", "any"] | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    repeats: bool | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET
    max_length: Natural | UnsetType = UNSET
    answer_value_set: Word | UnsetType = UNSET
    answer_option: Annotated[tuple[Option, ...], Meta(max_length=10_000)] = ()
    initial: Annotated[tuple[Option, ...], Meta(max_length=1_000)] = ()
    item: tuple["Item", ...] = ()
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class Concept(Element, frozen=True, kw_only=True):
    """A code of a value set, or of its expansion, which may nest."""

    code: Word | UnsetType = UNSET
    system: Word | UnsetType = UNSET
    abstract: bool = False
    inactive: bool = False
    contains: tuple["Concept", ...] = ()


class Include(Element, frozen=True, kw_only=True):
    system: Word | UnsetType = UNSET
    concept: tuple[Concept, ...] = ()
    filter: tuple[Raw, ...] = ()
    value_set: tuple[Raw, ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class Compose(Element, frozen=True, kw_only=True):
    include: tuple[Include, ...] = ()
    exclude: tuple[Include, ...] = ()


class Expansion(Element, frozen=True, kw_only=True):
    contains: tuple[Concept, ...] = ()


class Contained(Element, frozen=True, kw_only=True):
    """A contained resource. Only value sets are looked into."""

    resource_type: Word
    id: Word | UnsetType = UNSET
    url: Word | UnsetType = UNSET
    version: Word | UnsetType = UNSET
    compose: Compose | UnsetType = UNSET
    expansion: Expansion | UnsetType = UNSET
    modifier_extension: tuple[Raw, ...] = ()


class Questionnaire(Element, frozen=True, kw_only=True):
    resource_type: Literal["Questionnaire"]
    url: Word | UnsetType = UNSET
    version: Word | UnsetType = UNSET
    title: Word | UnsetType = UNSET
    language: Word | UnsetType = UNSET
    status: Literal["draft", "active", "retired", "unknown"] | UnsetType = UNSET
    implicit_rules: Word | UnsetType = UNSET
    contained: Annotated[tuple[Contained, ...], Meta(max_length=1_000)] = ()
    item: tuple[Item, ...] = ()
    extension: tuple[Extension, ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class Answer(Valued, frozen=True, kw_only=True):
    item: tuple["ResponseItem", ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class ResponseItem(Element, frozen=True, kw_only=True):
    """An item of a response: a group has items, a question has answers."""

    link_id: LinkId
    answer: tuple[Answer, ...] = ()
    item: tuple["ResponseItem", ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


class QuestionnaireResponse(Element, frozen=True, kw_only=True):
    resource_type: Literal["QuestionnaireResponse"]
    questionnaire: Word | UnsetType = UNSET
    status: Literal["in-progress", "completed", "amended", "entered-in-error", "stopped"]
    authored: Word | UnsetType = UNSET
    language: Word | UnsetType = UNSET
    implicit_rules: Word | UnsetType = UNSET
    item: tuple[ResponseItem, ...] = ()
    modifier_extension: tuple[Raw, ...] = ()


Resource = TypeVar("Resource", Questionnaire, QuestionnaireResponse)


_QUESTIONNAIRE = msgspec.json.Decoder(Questionnaire, dec_hook=exact, float_hook=Decimal)
_RESPONSE = msgspec.json.Decoder(QuestionnaireResponse, dec_hook=exact, float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def questionnaire(body: bytes) -> Questionnaire:
    """Read a questionnaire. Raises Unreadable."""
    return _read(_QUESTIONNAIRE, body, "Questionnaire")


def response(body: bytes) -> QuestionnaireResponse:
    """Read a response. Raises Unreadable."""
    return _read(_RESPONSE, body, "QuestionnaireResponse")


def colons(response: QuestionnaireResponse) -> int:
    """How many stand in JSON that says what was read of a response: one after each name, and those in texts."""
    return _ENCODER.encode(response).count(b":")


def _read(decoder: "msgspec.json.Decoder[Resource]", body: bytes, root: str) -> Resource:
    # JSON has NUL no other way, and PostgreSQL's texts have none.
    if b"\\u0000" in body and _NUL.search(body):
        raise Unreadable(fault(root, "nul"))
    try:
        return decoder.decode(body)
    except RecursionError:
        raise Unreadable(fault(root, "too-deep")) from None
    except msgspec.DecodeError as error:
        raise Unreadable(unreadable(str(error), root)) from None
    except ValueError:  # an encoding that is none
        raise Unreadable(fault(root, "structure")) from None


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE = re.compile(r" - at `\$([^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_CHOICE = re.compile(r"\b(value|answer)[A-Z]\w*")


def unreadable(message: str, root: str) -> Fault:
    """What msgspec found, by its place only: its words can quote the stranger's."""
    found = _PLACE.search(message)
    path = root + (_CHOICE.sub(r"\1", found[1]) if found else "")
    missing = _MISSING.match(message)
    if missing:
        return fault(f"{path}.{missing[1]}", "required")
    return fault(path, "structure")
