"""Every kind of message, and the rules for its knock, in one table."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Kind(StrEnum):
    """What a message is about. The words for it are in `texts.py`."""

    CONSENT_EXPIRING = "consent-expiring"
    CONSENT_ENDED = "consent-ended"
    CONSENT_TO_REVIEW = "consent-to-review"
    STUDY_JOINED = "study-joined"
    STUDY_LEFT = "study-left"
    DONATIONS_UNUSED = "donations-unused"
    DONATIONS_ERASED = "donations-erased"
    HOLD_PLACED = "hold-placed"
    HOLD_LIFTED = "hold-lifted"
    LOGIN_ADDED = "login-added"
    SIGNED_OUT = "signed-out"
    SOURCE_SILENT = "source-silent"
    MESSAGE_RECEIVED = "message-received"
    SURVEY_DUE = "survey-due"
    SURVEY_REMINDER = "survey-reminder"
    ANSWER_UNSEEN = "answer-unseen"
    DEVICE_ADDED = "device-added"
    SAFETY_NOTICE = "safety-notice"
    BREACH_NOTICE = "breach-notice"
    EMAIL_CODE = "email-code"


class Rule(Struct, frozen=True, kw_only=True):
    """How a kind is told.

    `push` knocks on the phone, or by e-mail where no phone can be; `inbox` waits there unannounced;
    `email` is a letter that is in no inbox. `waits`: how long a knock may be
    late; then it is dropped, and the message stays. `lives`: how long the push service may keep it
    for a phone that is off. `quiet`: it keeps to quiet hours. `mutable`: its knock can be switched
    off. `stays`: it is about the account or an ending, and no withdrawal cancels it. `urgent`: it
    passes quiet hours, mutes and the ramp. `own`: it is of the resident's own logins, devices and
    addresses, and never knocks on who acts for them.
    """

    channel: Literal["push", "inbox", "email"] = "push"
    waits: timedelta = timedelta(days=3)
    lives: timedelta = timedelta(hours=1)
    quiet: bool = True
    mutable: bool = True
    stays: bool = False
    urgent: bool = False
    own: bool = False


RULES: Mapping[Kind, Rule] = {
    Kind.CONSENT_EXPIRING: Rule(),
    Kind.CONSENT_ENDED: Rule(stays=True),
    Kind.CONSENT_TO_REVIEW: Rule(waits=timedelta(days=7)),
    Kind.STUDY_JOINED: Rule(channel="inbox"),
    Kind.STUDY_LEFT: Rule(channel="inbox", stays=True),
    Kind.DONATIONS_UNUSED: Rule(waits=timedelta(days=7), mutable=False, stays=True),
    Kind.DONATIONS_ERASED: Rule(mutable=False, stays=True),
    Kind.HOLD_PLACED: Rule(mutable=False, stays=True),
    Kind.HOLD_LIFTED: Rule(mutable=False, stays=True),
    Kind.LOGIN_ADDED: Rule(quiet=False, mutable=False, stays=True, own=True),
    Kind.SIGNED_OUT: Rule(quiet=False, mutable=False, stays=True, own=True),
    Kind.SOURCE_SILENT: Rule(),
    Kind.MESSAGE_RECEIVED: Rule(),
    Kind.SURVEY_DUE: Rule(waits=timedelta(days=1)),
    Kind.SURVEY_REMINDER: Rule(waits=timedelta(hours=6)),
    Kind.ANSWER_UNSEEN: Rule(quiet=False, mutable=False, stays=True),
    Kind.DEVICE_ADDED: Rule(quiet=False, mutable=False, stays=True, own=True),
    Kind.SAFETY_NOTICE: Rule(quiet=False, mutable=False, stays=True, urgent=True),
    Kind.BREACH_NOTICE: Rule(quiet=False, mutable=False, stays=True, urgent=True),
    Kind.EMAIL_CODE: Rule(
        channel="email",
        waits=timedelta(minutes=30),
        quiet=False,
        mutable=False,
        stays=True,
        own=True,
    ),
}

MUTABLE = frozenset(kind for kind, rule in RULES.items() if rule.mutable)
STAYING = sorted(kind for kind, rule in RULES.items() if rule.stays)
