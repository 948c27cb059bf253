"""One errand for each resident: their knocks that may go now, as one knock on each of their devices.

Pure. Several knocks of a resident are told by one, under the oldest message that a device has not
taken yet: after a crash the same comes again under the same name, and the app shows it once.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from notifications.addresses import Address
from notifications.devices import Reachable
from notifications.push import Answer, Begun, Knock, Target
from notifications.ready import Ended, State, Waiting
from notifications.retries import OVER, wait

COLLAPSE = "message"
"""Of what a phone has not fetched yet, the push service keeps the last: they all say the same, and
its app fetches all that is new. A key of their own would tell the urgent ones apart."""
SOON = timedelta(seconds=1)
STOPPED = timedelta(minutes=5)
"""How long nothing is sent after credentials were refused; then one knock tries them."""


class Errand(NamedTuple):
    """A resident's knocks that go now, oldest first, and their devices; or in their place an address.

    `mail`: if the last of the devices turns out to be gone, they can be told by e-mail.
    """

    knocks: list[Waiting]
    devices: list[Reachable | Address]
    mail: bool = False


class Said(NamedTuple):
    """What became of the knock on one device. `answer` is None where it was not begun in time.

    `moved`: the device has another address by now than the one that no longer holds.
    """

    device_id: UUID
    answer: Answer | None
    moved: bool = False


class Result(Struct, frozen=True, kw_only=True):
    """What is written of a knock once its devices have answered."""

    message_id: UUID
    state: State
    cause: str | None
    told: list[UUID]
    attempts: int
    wait: timedelta | None


def errands(
    knocks: Iterable[Waiting], devices: Iterable[Reachable], mailed: Container[UUID] = ()
) -> list[Errand]:
    """The knocks of each resident together, with the devices that one of them has yet to reach.

    `mailed`: residents who can be told by e-mail.
    """
    theirs: dict[UUID, Errand] = {}
    for knock in sorted(knocks, key=lambda one: one.message_id):
        who = knock.resident_id
        theirs.setdefault(who, Errand([], [], who in mailed)).knocks.append(knock)
    for device in devices:
        if device.resident_id in theirs and told_by(theirs[device.resident_id], device.device_id):
            theirs[device.resident_id].devices.append(device)
    return list(theirs.values())


def told_by(errand: Errand, device_id: UUID) -> list[Waiting]:
    """Of an errand what a device is told now: all that it has not taken before."""
    return [knock for knock in errand.knocks if device_id not in knock.told]


def pushed(errand: Errand, now: datetime) -> list[Knock]:
    """The knock for each device of an errand."""
    return [
        _knock(device, told_by(errand, device.device_id), now)
        for device in errand.devices
        if isinstance(device, Reachable)
    ]


def _knock(device: Reachable, told: Sequence[Waiting], now: datetime) -> Knock:
    urgent = any(one.rule.urgent for one in told)
    return Knock(
        message_id=told[0].message_id,
        target=Target(
            device_id=device.device_id, value_kind=device.value_kind, value=device.value,
            platform=device.platform, language=device.language,
        ),
        lives=max(min(one.rule.lives, one.expires_at - now) for one in told),
        collapse_key=COLLAPSE,
        urgent=urgent,
    )  # fmt: skip


def results(errand: Errand, said: Sequence[Said], now: datetime, chance: float) -> list[Result]:
    """What is to be written of each knock of an errand. `chance` is drawn from [0, 1)."""
    first = {d.device_id: told_by(errand, d.device_id)[0].message_id for d in errand.devices}
    found = [
        _result(
            knock,
            [one for one in said if one.device_id not in knock.told],
            [
                device_id
                for device_id, message_id in first.items()
                if message_id == knock.message_id
            ],
            now,
            chance,
        )
        for knock in errand.knocks
    ]
    return [_then_by_mail(one) for one in found] if errand.mail else found


def _then_by_mail(result: Result) -> Result:
    """Where every device turned out to be gone: looked at again at once, it finds the address alone."""
    if result.state != "no-device":
        return result
    return replace(result, state="waiting", wait=SOON)


def _result(
    knock: Waiting, said: Sequence[Said], named: Sequence[UUID], now: datetime, chance: float
) -> Result:
    """`named`: the devices that were told of it by its own name, and not by an older one's."""
    took = [one.device_id for one in said if one.answer and one.answer.verdict == "accepted"]
    told = [*knock.told, *took]
    open_ = [one for one in said if _is_open(one)]
    tried = any(one.answer and one.answer.verdict in TRIED for one in open_)
    attempts = knock.attempts + tried
    pause = _pause(open_, attempts, chance) if open_ else None
    over = tried and knock.tried_at is not None and now + (pause or SOON) > knock.tried_at + OVER
    if pause and not over:
        ended = Ended("waiting", _cause(open_))
    elif told:
        state: State = "sent" if knock.told or not set(took).isdisjoint(named) else "bundled"
        ended = Ended(state, "")
    elif over:
        ended = Ended("dead", _cause(open_))
    else:
        ended = _refused(said)
    return Result(
        message_id=knock.message_id, state=ended.state, cause=ended.cause or None, told=told,
        attempts=attempts, wait=pause if ended.state == "waiting" else None,
    )  # fmt: skip


TRIED = frozenset({"later", "unknown"})
"""Verdicts that count as an attempt, and let another follow."""
STOPPING = frozenset({"refused-credentials", "sender-mismatch"})
"""Verdicts on us, and not on a message or device: all of it waits."""
RETIRING = frozenset({"unregistered", "invalid-target"})
"""Verdicts on an address: it is given up, if it is still the one that the knock went to."""


def _is_open(said: Said) -> bool:
    return said.answer is None or said.moved or said.answer.verdict in TRIED | STOPPING


def _pause(said: Iterable[Said], attempts: int, chance: float) -> timedelta:
    """The longest wait that any of the devices asks for."""
    pauses = [SOON]
    for one in said:
        if one.answer and one.answer.verdict in STOPPING:
            pauses.append(STOPPED * (1 + chance))
        elif one.answer and one.answer.verdict in TRIED:
            pauses.append(wait(attempts, one.answer.retry_after, chance))
    return max(pauses)


def _cause(said: Iterable[Said]) -> str:
    return next((one.answer.cause for one in said if one.answer), "not-begun")


def _refused(said: Sequence[Said]) -> Ended:
    """No device took it, and none will. Without an address left it waits in the inbox alone."""
    if all(one.answer and one.answer.verdict in RETIRING for one in said):
        return Ended("no-device", _cause(said) if said else "none-registered")
    return Ended("dead", _cause([s for s in said if s.answer and s.answer.verdict not in RETIRING]))


def by_device(begun: Iterable[Begun]) -> Mapping[UUID, Begun]:
    """What was begun for each device."""
    return {one.knock.target.device_id: one for one in begun}
