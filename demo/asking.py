"""A survey: published by a study's team, asked by its timetable, answered, and read under a code."""

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import cli
from demo.telling import Cast, Json

DIARY: Json = json.loads((cli.ROOT / "demo" / "surveys" / "sleep.json").read_text())
TOPIC: str = DIARY["category"]
CANONICAL = "{url}|{version}".format(**DIARY["questionnaire"])
CODES = "https://medverka.example/answers"
CHOSEN = {"fell-asleep": "most-days", "rested": "some-days"}
SCORE = {"value": "4", "band": "some"}
"""By hand: 2 for most days, and 3 - 1 for being rested on some."""

Pass = Callable[[], None]
"""Lets a day go by, and a worker make its rounds."""


class Asked(NamedTuple):
    """A study that asks, and who takes part."""

    cast: Cast
    study_id: str

    @property
    def at(self) -> str:
        return f"/v1/studies/{self.study_id}"

    def is_published(self) -> None:
        """The lead drafts it, and nothing is asked before it is published."""
        lea = self.cast.lea
        drafted = lea.does(
            "drafts a sleep diary, with its score", f"POST {self.at}/questionnaires",
            lambda q: f"{q['status']}, {len(q['warnings'])} warnings", status=201,
            holds=lambda q: q["warnings"] == [], json=DIARY,
        )  # fmt: skip
        about = {"questionnaire_id": drafted["questionnaire_id"], "timetable": _every_day()}
        lea.is_refused(
            "cannot ask a draft", f"POST {self.at}/schedules", 422, "invalid", json=about
        )
        lea.does(
            "publishes it: from now on it never changes",
            f"PUT {self.at}/questionnaires/{drafted['questionnaire_id']}/publication",
            lambda q: q["status"], holds=lambda q: q["status"] == "active",
        )  # fmt: skip
        lea.does(
            "asks it every day", f"POST {self.at}/schedules", lambda s: s["timetable"]["rule"],
            status=201, json=about,
        )  # fmt: skip

    def is_due(self, a_day_passes: Pass) -> str:
        """The worker has made an assignment: its id."""
        anna, began = self.cast.anna, time.perf_counter()
        a_day_passes()
        anna.tells(
            "the stage lets a day pass since she joined",
            "medverka worker",
            "a round",
            began,
            held=True,
        )
        due = anna.does(
            "is asked", "GET /v1/me/assignments",
            lambda p: ", ".join(one["state"] for one in p["items"]),
            holds=lambda p: {one["state"] for one in p["items"]} == {"due"},
        )  # fmt: skip
        anna.does(
            "reads it in Swedish", f"GET /v1/me/questionnaires?canonical={CANONICAL}",
            lambda q: q["title"], holds=lambda q: q["language"] == "sv",
            headers={"Accept-Language": "sv"},
        )  # fmt: skip
        return str(due["items"][0]["assignment_id"])

    def is_answered(self, assignment_id: str) -> None:
        """A draft, then all of it; what does not fit is named by its path."""
        anna, path = self.cast.anna, f"/v1/me/responses/{uuid4()}"
        sent = {"study_id": self.study_id, "assignment_id": assignment_id}
        anna.does(
            "saves what she has so far", f"PUT {path}", lambda r: r["state"],
            holds=lambda r: r["state"] == "draft", json={**sent, "response": _response(whole=False)},
        )  # fmt: skip
        anna.is_refused(
            "submits too early",
            f"POST {path}/submission",
            422,
            "faulty",
            json={**sent, "response": _response(whole=False)},
        )
        anna.does(
            "submits all of it", f"POST {path}/submission", lambda r: r["state"], status=201,
            holds=lambda r: r["state"] == "completed" and not r["late_received"],
            json={**sent, "response": _response(whole=True)},
        )  # fmt: skip
        anna.does(
            "sees her score", f"GET {path}", lambda r: f"{r['scores'][0]['band']} trouble",
            holds=lambda r: _score(r) == SCORE,
        )  # fmt: skip

    def is_read(self, what: str, expected: int) -> None:
        """So many answers are read, each scored right and under the code."""
        request, began = f"GET {self.at}/responses", time.perf_counter()
        answer = self.cast.maja.call(request).raise_for_status()
        *lines, last = [json.loads(line) for line in answer.text.splitlines()]
        told = f"200 answers: {len(lines)}" + "".join(
            f", code {x['participant'][:8]}…" for x in lines
        )
        self.cast.maja.tells(
            what, request, told, began,
            held=last["end"] and [_score(one) for one in lines] == [SCORE] * expected,
        )  # fmt: skip

    def is_kept_to(self) -> None:
        """Week by week, what was asked and what became of it."""
        self.cast.lea.does(
            "sees who keeps to it, by code", f"GET {self.at}/adherence", _weeks,
            holds=lambda p: _weeks(p) == "1 completed, 0 missed",
        )  # fmt: skip


def _every_day() -> dict[str, Any]:
    """From midnight of each day, for a day and a half."""
    first = date.isoformat(datetime.now(UTC).date() - timedelta(days=2))
    return {"first": first, "at": "00:00:00", "rule": "FREQ=DAILY", "window": 36 * 60}


def _response(*, whole: bool) -> Json:
    """Anna's answers: all, or the first."""
    items: list[Json] = [{"linkId": "hours", "answer": [{"valueDecimal": 6.5}]}]
    if whole:
        coded = {name: {"system": CODES, "code": code} for name, code in CHOSEN.items()}
        items += [{"linkId": n, "answer": [{"valueCoding": one}]} for n, one in coded.items()]
        items.append({"linkId": "woken", "answer": [{"valueBoolean": False}]})
    return {
        "resourceType": "QuestionnaireResponse", "questionnaire": CANONICAL, "item": items,
        "status": "completed" if whole else "in-progress",
    }  # fmt: skip


def _score(answered: Json) -> Json:
    [score] = answered["scores"]
    return {name: str(score[name]) for name in SCORE}


def _weeks(page: Json) -> str:
    weeks = [week for one in page["items"] for week in one["weeks"]]
    return ", ".join(f"{sum(w[name] for w in weeks)} {name}" for name in ("completed", "missed"))
