"""What each kind of message says in the inbox, by language. Read after login, so it may be plain."""

from collections.abc import Mapping
from typing import NamedTuple

from notifications.kinds import Kind

FALLBACK = "sv"


class Text(NamedTuple):
    """A heading of a few words, and a sentence or two. `{study}` stands for the study's title."""

    title: str
    body: str


SWEDISH: Mapping[Kind, Text] = {
    Kind.CONSENT_EXPIRING: Text(
        "Ett val löper snart ut",
        "Ett av dina val om {study} löper ut om högst två veckor. Vill du förnya det? "
        "Gör du inget slutar det gälla av sig självt.",
    ),
    Kind.CONSENT_ENDED: Text(
        "Ett val har upphört",
        "Ett av dina val om {study} gäller inte längre. Inget mer samlas in eller används med stöd av det.",
    ),
    Kind.CONSENT_TO_REVIEW: Text(
        "Något väntar på ditt svar",
        "Villkoren för {study} har ändrats. Läs vad som är nytt och välj på nytt.",
    ),
    Kind.STUDY_JOINED: Text(
        "Du är med",
        "Du deltar nu i {study}. Du kan lämna när som helst, lika lätt som du gick med.",
    ),
    Kind.STUDY_LEFT: Text("Du har lämnat", "Du deltar inte längre i {study}."),
    Kind.DONATIONS_UNUSED: Text(
        "Dina mätvärden används inte längre",
        "Inget av dina val ger längre någon användning för det du har donerat. Om 90 dagar raderas det. "
        "Vill du ha det kvar kan du välja att spara det, eller ta med dig en kopia.",
    ),
    Kind.DONATIONS_ERASED: Text(
        "Dina mätvärden har raderats",
        "Det du har donerat hade ingen användning på 90 dagar och har raderats. Ditt konto finns kvar.",
    ),
    Kind.HOLD_PLACED: Text(
        "Användningen av dina uppgifter är begränsad",
        "Dataskyddsombudet har begränsat användningen av dina uppgifter. Inget raderas under tiden.",
    ),
    Kind.HOLD_LIFTED: Text(
        "Begränsningen är hävd",
        "Dina uppgifter är inte längre begränsade. Dina val gäller som du lämnade dem.",
    ),
    Kind.LOGIN_ADDED: Text(
        "Ett nytt sätt att logga in",
        "Ditt konto har öppnats med en inloggning som inte har använts förut. "
        "Var det inte du? Logga ut överallt och hör av dig.",
    ),
    Kind.SIGNED_OUT: Text(
        "Utloggad överallt", "Alla enheter har loggats ut. Du loggar in igen som vanligt."
    ),
    Kind.DEVICE_ADDED: Text(
        "En ny enhet",
        "Appen används nu på en enhet till. Var det inte du? Logga ut överallt, och hör av dig.",
    ),
}

ENGLISH: Mapping[Kind, Text] = {
    Kind.CONSENT_EXPIRING: Text(
        "A choice runs out soon",
        "One of your choices about {study} runs out within two weeks. Do you want to renew it? "
        "If you do nothing, it ends by itself.",
    ),
    Kind.CONSENT_ENDED: Text(
        "A choice has ended",
        "One of your choices about {study} is no longer in force. Nothing more is collected or used under it.",
    ),
    Kind.CONSENT_TO_REVIEW: Text(
        "Something waits for your answer",
        "The terms of {study} have changed. Read what is new and choose again.",
    ),
    Kind.STUDY_JOINED: Text(
        "You are in",
        "You now take part in {study}. You can leave at any time, as easily as you joined.",
    ),
    Kind.STUDY_LEFT: Text("You have left", "You no longer take part in {study}."),
    Kind.DONATIONS_UNUSED: Text(
        "Your donations are no longer used",
        "None of your choices has a use for what you have donated. It will be erased in 90 days. "
        "If you want it to stay, you can choose to keep it, or take a copy with you.",
    ),
    Kind.DONATIONS_ERASED: Text(
        "Your donations have been erased",
        "What you had donated was without use for 90 days and has been erased. Your account is still there.",
    ),
    Kind.HOLD_PLACED: Text(
        "The use of your data is restricted",
        "The data protection officer has restricted the use of your data. Nothing is erased meanwhile.",
    ),
    Kind.HOLD_LIFTED: Text(
        "The restriction is lifted",
        "Your data are no longer restricted. Your choices stand as you left them.",
    ),
    Kind.LOGIN_ADDED: Text(
        "A new way to log in",
        "Your account was opened with a login that had not been used before. "
        "Was it not you? Sign out everywhere, and tell us.",
    ),
    Kind.SIGNED_OUT: Text(
        "Signed out everywhere", "All devices have been signed out. Log in again as usual."
    ),
    Kind.DEVICE_ADDED: Text(
        "A new device",
        "The app is now used on one more device. Was it not you? Sign out everywhere, and tell us.",
    ),
}

CATALOGUE: Mapping[str, Mapping[Kind, Text]] = {"sv": SWEDISH, "en": ENGLISH}
PLATFORM: Mapping[str, str] = {"sv": "Medverka", "en": "Medverka"}
"""What a message is about that names no study."""


def written(kind: Kind, language: str, study: str | None) -> Text:
    """The words for a kind in a language (BCP 47), or in Swedish where there are none."""
    spoken = language if language in CATALOGUE else language.partition("-")[0]
    if spoken not in CATALOGUE:
        spoken = FALLBACK
    title, body = CATALOGUE[spoken][kind]
    return Text(title, body.replace("{study}", study or PLATFORM[spoken]))


KNOCKS: Mapping[str, Text] = {
    "sv": Text("Medverka", "Du har något nytt att läsa i appen."),
    "en": Text("Medverka", "You have something new to read in the app."),
}


def knock(language: str) -> Text:
    """The words on a lock screen: the same for every kind, in a language (BCP 47) or in Swedish."""
    spoken = language if language in KNOCKS else language.partition("-")[0]
    return KNOCKS.get(spoken, KNOCKS[FALLBACK])
