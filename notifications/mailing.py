"""E-mail as the second way to knock: which knocks go by letter, where no device can be told.

A letter is to an address what a knock is to a device: it passes the same rules before and after.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from domain.errors import Unavailable
from notifications.addresses import Address
from notifications.errands import Errand
from notifications.post import Letter, Post
from notifications.ready import Ended, PutOff, Waiting

OPEN_SECONDS = 1.0
"""How long the addresses of a batch may take to open, while residents' locks are held."""
KEYLESS = timedelta(seconds=30)
UNREACHABLE = Ended("no-device", "none-registered")
NO_SERVER = Ended("no-device", "no-mail-server")
REPLACED = Ended("cancelled", "replaced")
"""Another code has been asked for since, or this one has come back or run out."""
DAMAGED = Ended("no-device", "address-damaged")


class Sorted(NamedTuple):
    """The letters to send, each with what it tells of; and of the other knocks why none is sent now."""

    letters: list[tuple[Errand, Letter]]
    ends: dict[UUID, Ended | PutOff]


def addressed(
    knocks: Iterable[Waiting], known: Mapping[UUID, Address], *, posting: bool
) -> tuple[list[Errand], dict[UUID, Ended | PutOff]]:
    """Pure: knocks that no device can be told of, by address; and those that have none.

    A code goes alone, to the address that it is to confirm; the others of a resident go together,
    to one that is confirmed. `posting`: whether there is a mail server at all.
    """
    theirs: dict[UUID, Errand] = {}
    ends: dict[UUID, Ended | PutOff] = {}
    for knock in sorted(knocks, key=lambda one: one.message_id):
        address = known.get(knock.resident_id)
        if is_code(knock):
            if address and address.code_id == knock.message_id:
                theirs[knock.message_id] = Errand([knock], [address])
            else:
                ends[knock.message_id] = REPLACED if posting else NO_SERVER
        elif address and address.usable:
            theirs.setdefault(knock.resident_id, Errand([], [address])).knocks.append(knock)
        else:
            ends[knock.message_id] = UNREACHABLE
    return list(theirs.values()), ends


def is_code(knock: Waiting) -> bool:
    """Whether it is the letter with a code, and never a knock on a device."""
    return knock.rule.channel == "email"


async def sort(
    post: Post | None, knocks: Iterable[Waiting], known: Mapping[UUID, Address]
) -> Sorted:
    """Write the letters for which the mail server has room, and put off the others."""
    errands, ends = addressed(knocks, known, posting=post is not None)
    found = Sorted([], ends)
    if not post or not errands:
        return found
    room, until = post.poster.room(), asyncio.get_running_loop().time() + OPEN_SECONDS
    for at, errand in enumerate(errands):
        first = errand.knocks[0]
        if at < room.letters:
            made = await _letter(post, errand, until)
        else:
            made = PutOff(first.now + room.again, "no-mail-server", bulk=first.bulk)
        if isinstance(made, Letter):
            found.letters.append((errand, made))
        else:
            ends.update(dict.fromkeys((one.message_id for one in errand.knocks), made))
    return found


async def _letter(post: Post, errand: Errand, until: float) -> Letter | Ended | PutOff:
    """What is sent, under the name of the oldest knock; or why nothing is. `until`: of the loop's clock."""
    knock, address = errand.knocks[0], errand.devices[0]
    if not isinstance(address, Address):
        raise TypeError
    try:
        async with asyncio.timeout_at(until):
            plain = await post.open(address.resident_id, address.sealed)
    except (TimeoutError, Unavailable):
        return PutOff(knock.now + KEYLESS, "no-key", bulk=knock.bulk)
    if plain is None:
        return DAMAGED
    code = post.code(knock.message_id) if is_code(knock) else ""
    return Letter(knock.message_id, plain, address.language, code)
