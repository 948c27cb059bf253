"""What crosses Google's and Apple's servers: the same knock for every message.

A reference, a generic text in the phone's language, and what keeps a repeated knock from showing
twice. Nothing in it depends on the kind: also priority and sound are the same for all. It is made
by the Firebase SDK's message model, which validates it; one is made for each language and platform,
and then filled in.
"""

import hashlib
import warnings
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from firebase_admin import messaging

from notifications.push import Knock, Target
from notifications.refs import ref
from notifications.texts import knock as generic

LONGEST_LIFE = timedelta(hours=1)
CHANNEL = "messages"
"""Of Android (its user can mute it) and thread of iOS: one for all."""
REF, KEY, VALUE = "@ref@", "@key@", "@value@"
SECONDS, UNTIL = 3599, 1999999999
"""Stand for a life and for its end where a message is made to be filled in."""


def collapse_key(knock: Knock) -> str:
    """Equal for knocks that replace each other on a device, and telling nothing of why.

    32 characters of hexadecimal: Web Push takes no more (RFC 8030 §5.4), APNs 64 bytes.
    """
    said = knock.target.device_id.bytes + knock.collapse_key.encode()
    return hashlib.sha256(said).hexdigest()[:32]


def message(knock: Knock, now: float) -> messaging.Message:
    """The SDK's message for a knock. Raises ValueError where it would not be valid."""
    seconds, until = _life(knock, now)
    return _message(knock.target, ref(knock.message_id), collapse_key(knock), seconds, until)


def body(knock: Knock, now: float) -> bytes:
    """The body of `messages:send`: what the SDK would make of `message`."""
    target = knock.target
    seconds, until = _life(knock, now)
    return _form(target.language, target.platform, target.value_kind) % {
        b"ref": ref(knock.message_id).encode(),
        b"key": collapse_key(knock).encode(),
        b"value": msgspec.json.encode(target.value)[1:-1],
        b"seconds": seconds,
        b"until": until,
    }


def _life(knock: Knock, now: float) -> tuple[int, int]:
    """How many seconds the service may keep it, and until when, in seconds since 1970."""
    seconds = max(0, int(min(knock.lives, LONGEST_LIFE).total_seconds()))
    return seconds, int(now) + seconds


@lru_cache(maxsize=256)
def _form(language: str, platform: Any, value_kind: Any) -> bytes:  # noqa: ANN401 - literals
    target = Target(UUID(int=0), value_kind, VALUE, platform, language)
    made = encode(_message(target, REF, KEY, SECONDS, UNTIL)).replace(b"%", b"%%")
    for place, name in ((REF, b"%(ref)b"), (KEY, b"%(key)b"), (VALUE, b"%(value)b")):
        made = made.replace(place.encode(), name)
    made = made.replace(str(SECONDS).encode(), b"%(seconds)d")
    return made.replace(str(UNTIL).encode(), b"%(until)d")


def encode(made: messaging.Message) -> bytes:
    """As the SDK encodes it, without spaces."""
    service = messaging._MessagingService  # noqa: SLF001 - a test holds it to what it sends
    return msgspec.json.encode({"message": service.encode_message(made)})


def _android(key: str, seconds: int, _: int) -> messaging.AndroidConfig:
    """High priority: with a life of an hour, a phone asleep would else hear of most too late."""
    shown = messaging.AndroidNotification(tag=key, channel_id=CHANNEL, visibility="private")
    return messaging.AndroidConfig(
        collapse_key=key, priority="high", ttl=timedelta(seconds=seconds), notification=shown
    )


def _apns(key: str, _: int, until: int) -> messaging.APNSConfig:
    headers = {
        "apns-collapse-id": key,
        "apns-expiration": str(until),
        "apns-priority": "10",
        "apns-push-type": "alert",
    }
    aps = messaging.Aps(sound="default", thread_id=CHANNEL)
    return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps))


def _webpush(key: str, seconds: int, _: int) -> messaging.WebpushConfig:
    headers = {"TTL": str(seconds), "Topic": key, "Urgency": "high"}
    return messaging.WebpushConfig(
        headers=headers, notification=messaging.WebpushNotification(tag=key)
    )


_PLATFORMS = {
    "android": ("android", _android),
    "ios": ("apns", _apns),
    "web": ("webpush", _webpush),
}


def _message(target: Target, ref: str, key: str, seconds: int, until: int) -> messaging.Message:
    title, words = generic(target.language)
    part, make = _PLATFORMS[target.platform]
    parts: dict[str, Any] = {target.value_kind: target.value, part: make(key, seconds, until)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # apps that do not know their id yet
        return messaging.Message(
            data={"ref": ref},
            notification=messaging.Notification(title=title, body=words),
            **parts,
        )
