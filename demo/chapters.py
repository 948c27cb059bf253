"""The chapters. What is sent, and what must hold of each answer."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from demo import asking, declared, phrases, readings
from demo.asking import Asked
from demo.knocking import Bell, Work, a_push_arrives
from demo.opening import a_study_is_opened
from demo.phrases import FEW, HEART, STEPS
from demo.series import HOUR, SECOND, Series, steps
from demo.telling import Cast

KEEP = "00000000-0000-7000-8000-000000000011"
"""The platform's item "keep my donations"."""
DONATE = "POST /v1/me/donations"


class Story:
    """What has happened so far: the study, and what Anna has donated to it."""

    def __init__(self, cast: Cast, issuer: str, heart: Series, bell: Bell, work: Work) -> None:
        self.cast = cast
        self._bell, self._work = bell, work
        self._issuer = issuer
        self._heart = heart
        self._given = heart.pairs()
        self._study = self._diary = ""
        self._receipts: list[str] = []

    def a_study_is_opened(self) -> None:
        """Two stewards, an approval and a notice; nobody approves their own."""
        self._study = a_study_is_opened(self.cast, self._issuer)

    def silence_is_not_consent(self) -> None:
        """A resident begins with nothing on; what is not consented to is not taken."""
        anna = self.cast.anna
        anna.is_refused("is nobody here yet", "GET /v1/me", 409, "resident-unknown")
        anna.does(
            "accepts the platform notice", "PUT /v1/me", lambda me: me["state"], status=201,
            json={"notice_version": 1, "language": "en"},
        )  # fmt: skip
        anna.does(
            "has chosen nothing", "GET /v1/me/consents", lambda c: f"{len(c['consents'])} consents",
            holds=lambda c: c["consents"] == [],
        )  # fmt: skip
        minute = Series(self._heart.start[:FEW], self._heart.value[:FEW])
        anna.does(
            "her phone uploads a minute too early", DONATE, phrases.counts,
            holds=lambda a: a["accepted"] == 0 and phrases.reasons(a) == {"no-grant": FEW},
            json=phrases.upload(HEART, minute),
        )  # fmt: skip
        self._permits("keeps heart and activity", KEEP, ["heart", "activity"])

    def a_month_is_donated(self) -> None:
        """Stored once, whatever the phone repeats."""
        anna, days = self.cast.anna, self._heart.daily()
        began = time.perf_counter()
        answers = [
            anna.call(DONATE, f"day-{n}", json=phrases.upload(HEART, d)) for n, d in enumerate(days)
        ]
        taken = sum(answer.raise_for_status().json()["accepted"] for answer in answers)
        anna.tells(
            f"donates her heart rate, {len(days)} uploads", DONATE, f"200 {taken:,} accepted",
            began, held=taken == len(self._given),
        )  # fmt: skip
        walked = steps(self._heart)
        anna.does(
            "donates her steps", DONATE, phrases.counts,
            holds=lambda a: a["accepted"] == len(walked.start), json=phrases.upload(STEPS, walked, HOUR),
        )  # fmt: skip
        began = time.perf_counter()
        again = anna.call(DONATE, "day-0", json=phrases.upload(HEART, days[0]))
        replayed = again.headers.get("Idempotency-Replayed") == "true"
        anna.tells(
            "sends the first upload again, same key", DONATE,
            f"{again.status_code} replayed, {len(again.content)} bytes", began,
            held=replayed and again.content == answers[0].content,
        )  # fmt: skip
        anna.does(
            "re-syncs the last day, new key", DONATE, phrases.counts,
            holds=lambda a: (a["accepted"], a["duplicates"]) == (0, len(days[-1].start)),
            json=phrases.upload(HEART, days[-1]),
        )  # fmt: skip
        anna.does(
            "sees what is kept for her", "GET /v1/me/streams", phrases.stored,
            holds=lambda p: phrases.by_measure(p) == {"heart-rate": taken, "step-count": len(walked.start)},
        )  # fmt: skip
        self._bertil_keeps_to_himself(days[0])

    def _bertil_keeps_to_himself(self, day: Series) -> None:
        bertil = self.cast.bertil
        bertil.call("PUT /v1/me", json={"notice_version": 1, "language": "sv"}).raise_for_status()
        bertil.call(
            "POST /v1/me/consent-events", json={"answers": [phrases.permit(KEEP, 0, ["heart"])]}
        ).raise_for_status()
        bertil.does(
            "donates a day, and joins no study", DONATE, phrases.counts,
            holds=lambda a: a["accepted"] == len(day.start), json=phrases.upload(HEART, day),
        )  # fmt: skip

    def the_study_reads(self) -> None:
        """Exactly what was consented to, under a code; and Anna sees it."""
        anna, at = self.cast.anna, f"/v1/studies/{self._study}"
        self._reads("before anyone joined", [])
        self.cast.visitor.does(
            "the public list", "GET /v1/studies", lambda p: p["items"][0]["title"],
            holds=lambda p: [s["title"] for s in p["items"]] == [declared.TITLE],
            headers={"Accept-Language": "en"},
        )  # fmt: skip
        page = anna.does(
            "reads the notice", f"GET {at}", lambda s: f"{len(s['notice']['items'])} choices",
            holds=lambda s: s["notice"]["version"] == 1, headers={"Accept-Language": "en"},
        )  # fmt: skip
        heart, activity, self._diary = (item["item_id"] for item in page["notice"]["items"])
        anna.is_refused(
            "wants to join without consent", "POST /v1/me/enrolments", 409,
            "required-consent-missing", json={"study_id": self._study},
        )  # fmt: skip
        self._permits("consents to heart, not to steps", heart, ["heart"], denied=activity)
        anna.does(
            "joins", "POST /v1/me/enrolments", lambda e: f"code {e['code'][:8]}…", status=201,
            json={"study_id": self._study},
        )  # fmt: skip
        self._reads("reads all it may", self._given)
        self._reads("asks for steps", [], "?category=activity")
        seen = anna.does(
            "looks up who used what", "GET /v1/me/access-log", phrases.uses,
            holds=lambda p: sum(use["samples"] for use in p["items"]) == len(self._given),
        )  # fmt: skip
        told = {(use["study_title"], *use["categories"]) for use in seen["items"]}
        anna.tells(
            "finds the study's name, and heart alone", "the same answer",
            "; ".join(": ".join(one) for one in told), time.perf_counter(),
            held=told == {(declared.TITLE, "heart")},
        )  # fmt: skip

    def a_receipt_is_checked(self) -> None:
        """By the published keys, without asking us whether it is true."""
        anna = self.cast.anna
        jwks = self.cast.visitor.does(
            "the published keys", "GET /.well-known/jwks.json", lambda k: k["keys"][0]["alg"]
        )
        said = readings.checker(jwks)
        began, receipt = time.perf_counter(), self._receipts[-1]
        content = said(receipt) or {}
        anna.tells(
            "checks the receipt of her last consent", "offline",
            f"{content['event']['event_state']} {content['event']['event_time']}", began,
            held=content["study_id"] == self._study,
        )  # fmt: skip
        anna.tells(
            "changes one letter of it", "offline", "not genuine", time.perf_counter(),
            held=said(readings.tampered(receipt)) is None,
        )  # fmt: skip
        anna.does(
            "asks for it again: the same bytes",
            f"GET /v1/me/consent-events/{len(self._receipts)}",
            lambda r: f"{len(r['receipt'])} bytes", holds=lambda r: r["receipt"] == receipt,
        )  # fmt: skip

    def a_push_arrives(self) -> None:
        """A knock on the door says nothing of what waits behind it."""
        a_push_arrives(self.cast, self._bell, self._work)

    def a_pause(self) -> None:
        """What was measured in it is refused, and stays out."""
        anna, everything = self.cast.anna, {"scope": "everything"}
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        paused = anna.does(
            "pauses for an hour", "POST /v1/me/pauses", lambda r: r["event"]["decision"],
            status=201, json={**everything, "until": until},
        )  # fmt: skip
        at = datetime.fromisoformat(paused["event"]["recorded_at"]).timestamp()
        before = phrases.ticks(int(at) * SECOND - 60 * SECOND)
        during = phrases.ticks(int(at) * SECOND + SECOND)
        anna.does(
            "a minute before the pause, and one in it", DONATE, phrases.counts,
            holds=lambda a: a["accepted"] == FEW and phrases.reasons(a) == {"outside-consent": FEW},
            json=phrases.upload(HEART, Series(before.start + during.start, before.value + during.value)),
        )  # fmt: skip
        self._given = [*self._given, *before.pairs()]
        self._reads("reads in the pause", [])
        anna.does(
            "ends the pause", "POST /v1/me/resumptions", lambda r: r["event"]["decision"],
            status=201, json=everything,
        )  # fmt: skip
        self._reads("reads again, with the minute before", self._given)

    def a_survey_is_answered(self, a_day_passed: Callable[[], None]) -> None:
        """Asked by its timetable, once she consents; judged, scored and sealed; read under her code."""
        survey = Asked(self.cast, self._study)
        survey.is_published()
        self._permits("consents to the diary", self._diary, [asking.TOPIC])

        def pass_on() -> None:
            a_day_passed()
            self._work({})

        survey.is_answered(survey.is_due(pass_on))
        survey.is_read("reads the answer and its score", 1)
        survey.is_kept_to()

    def a_withdrawal(self) -> None:
        """From its 200 on, the study reads nothing."""
        anna, study = self.cast.anna, {"scope": "study", "study_id": self._study}
        anna.does(
            "asks what withdrawing would do", "POST /v1/me/withdrawals/preview", phrases.effects,
            holds=lambda p: p["leaves_studies"] == [self._study] and p["destroys"] == [], json=study,
        )  # fmt: skip
        anna.does(
            "withdraws from the study", "POST /v1/me/withdrawals",
            lambda w: f"{w['withdrawal']['effect']}, no use is left",
            holds=lambda w: w["withdrawal"]["drained_at"] is not None, json=study,
        )  # fmt: skip
        self._reads("reads on", [])
        Asked(self.cast, self._study).is_read("asks for answers", 0)
        anna.does(
            "has left the study", "GET /v1/me/enrolments", lambda p: p["items"][0]["ended_by"],
            holds=lambda p: p["items"][0]["ended_by"] == "resident",
        )  # fmt: skip
        page = anna.call(f"GET /v1/studies/{self._study}").json()
        late = phrases.permit(page["notice"]["items"][0]["item_id"], len(self._receipts), ["heart"])
        anna.does(
            "an old phone still says yes: it opens nothing", "POST /v1/me/consent-events",
            lambda r: f"event {r['recorded'][0]['event']['seq']}, blind", status=201,
            holds=lambda r: r["recorded"][0]["event"]["blind"], json={"answers": [late]},
        )  # fmt: skip
        self._reads("reads on", [])
        anna.does(
            "keeps what is hers", "GET /v1/me/streams", phrases.stored,
            holds=lambda p: phrases.by_measure(p)["heart-rate"] == len(self._given),
        )  # fmt: skip

    def all_is_taken_along_and_erased(self) -> None:
        """The whole account as one document; then nothing is left to log in to."""
        anna = self.cast.anna
        anna.does(
            "takes everything along", "GET /v1/me/export", phrases.parts,
            holds=lambda d: d["complete"] and phrases.heart_of(d) == sorted(self._given),
        )  # fmt: skip
        anna.does(
            "checks the chain of her choices", "GET /v1/me/consent-events",
            lambda p: f"{len(p['items'])} events, unbroken",
            holds=lambda p: readings.is_chain(p["items"]),
        )  # fmt: skip
        anna.is_refused("erasing is said on purpose", "DELETE /v1/me", 400, "invalid-request")
        anna.does(
            "erases her account", "DELETE /v1/me?confirm=erase",
            lambda e: f"destroyed: {e['destroyed']}", holds=lambda e: e["destroyed"],
        )  # fmt: skip
        anna.is_refused("her old token", "GET /v1/me", 401, "unauthenticated")
        self.cast.anna_again().is_refused(
            "a new login is nobody again", "GET /v1/me", 409, "resident-unknown"
        )
        self._reads("reads on", [])
        began = time.perf_counter()
        page = self.cast.visitor.call("GET /docs")
        self.cast.visitor.tells(
            "the API documentation", "GET /docs", f"{page.status_code}, {len(page.content)} bytes",
            began, held="swagger-ui" in page.text,
        )  # fmt: skip

    def _permits(
        self, what: str, item: str, categories: Sequence[str], denied: str | None = None
    ) -> None:
        answers = [phrases.permit(item, len(self._receipts), categories)]
        if denied is not None:
            answers.insert(0, {**phrases.permit(denied, len(self._receipts)), "decision": "deny"})
        recorded = self.cast.anna.does(
            what, "POST /v1/me/consent-events", phrases.decisions, status=201,
            holds=lambda r: not any(one["event"]["blind"] for one in r["recorded"]),
            json={"answers": answers},
        )  # fmt: skip
        self._receipts += [one["receipt"] for one in recorded["recorded"]]

    def _reads(self, what: str, expected: Sequence[tuple[int, float]], query: str = "") -> None:
        """The study gets these samples of one participant, every value right, and no others."""
        request, began = f"GET /v1/studies/{self._study}/samples{query}", time.perf_counter()
        answer = self.cast.maja.call(request)
        found = readings.reading(answer.raise_for_status().content)
        exact = found.whole and sorted(found.samples) == sorted(expected)
        one = len(found.participants) == bool(expected) and found.measures <= {"heart-rate"}
        self.cast.maja.tells(
            what, request, f"200 {len(found.samples):,} samples", began, held=exact and one
        )
