"""What of FHIR is done: the CapabilityStatement."""

from typing import Literal

from domain.donations.fhir.resources import Element

CHANGED = "2026-11-23"
"""When what it says was changed last."""
NOTES = (
    "Observations become samples of series and have no address of their own. Within Bundles they "
    "can also be replaced (PUT) and deleted (DELETE, or status entered-in-error), by the id or the "
    "identifier they were given with. Writes take an Idempotency-Key."
)


class Software(Element, frozen=True, kw_only=True):
    name: str


class Implementation(Element, frozen=True, kw_only=True):
    description: str
    url: str


class Interaction(Element, frozen=True, kw_only=True):
    code: Literal["create", "transaction", "batch"]


class RestResource(Element, frozen=True, kw_only=True):
    type: Literal["Observation"]
    interaction: list[Interaction]
    versioning: Literal["no-version"]


class Security(Element, frozen=True, kw_only=True):
    description: str


class Rest(Element, frozen=True, kw_only=True):
    mode: Literal["server"]
    documentation: str
    security: Security
    resource: list[RestResource]
    interaction: list[Interaction]


class CapabilityStatement(Element, frozen=True, kw_only=True):
    """FHIR R4's description of a server."""

    resource_type: Literal["CapabilityStatement"]
    status: Literal["active"]
    date: str
    kind: Literal["instance"]
    software: Software
    implementation: Implementation
    fhir_version: Literal["4.0.1"]
    format: list[str]
    rest: list[Rest]


def capability(base: str) -> CapabilityStatement:
    """The statement of the server at this base address."""
    observation = RestResource(
        type="Observation", interaction=[Interaction(code="create")], versioning="no-version"
    )
    rest = Rest(
        mode="server",
        documentation=NOTES,
        security=Security(description="A bearer token (RFC 9068) of the region's OpenID provider"),
        resource=[observation],
        interaction=[Interaction(code="transaction"), Interaction(code="batch")],
    )
    return CapabilityStatement(
        resource_type="CapabilityStatement",
        status="active",
        date=CHANGED,
        kind="instance",
        software=Software(name="Medverka"),
        implementation=Implementation(description="A resident's own donations", url=base),
        fhir_version="4.0.1",
        format=["application/fhir+json", "json"],
        rest=[rest],
    )
