"""What an Observation is called at its source: by that it can be replaced and deleted."""

from hashlib import blake2b
from urllib.parse import parse_qsl

from msgspec import UNSET

from domain.donations.fhir.outcomes import Unfit
from domain.donations.fhir.resources import Identifier, Observation

LONGEST = 64
URN = "urn:ietf:rfc:3986"
UUID = "urn:uuid:"


def name_of(observation: Observation) -> str | None:
    """By its first identifier that is in use; else by the id that its source gave it.

    HealthKit's UUID comes as the resource's id, and as the id of an identifier without a value.
    """
    for identifier in observation.identifier:
        if identifier.value is not UNSET and identifier.use != "old":
            return named(identifier)
    if observation.id is not UNSET:
        return str(observation.id)
    return next((str(one.id)[:LONGEST] for one in observation.identifier if one.id), None)


def named(identifier: Identifier) -> str:
    """A UUID as it stands, another value with its system; what is too long as its digest."""
    value = str(identifier.value)
    if identifier.system is UNSET or (identifier.system == URN and value.startswith(UUID)):
        name = value.removeprefix(UUID)
    else:
        name = f"{identifier.system}|{value}"
    if len(name) <= LONGEST:
        return name
    return blake2b(name.encode(), digest_size=LONGEST // 2).hexdigest()


def searched(query: str, where: str) -> str:
    """The name in a condition (`identifier=system|value`), the only one that is understood.

    Raises:
        Unfit: it is another condition, or none.

    """
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=8)
    if len(pairs) != 1 or pairs[0][0] != "identifier" or not pairs[0][1].strip("|"):
        raise Unfit("not-supported", where)
    system, bar, value = pairs[0][1].rpartition("|")
    return named(Identifier(system=system if bar and system else UNSET, value=value))
