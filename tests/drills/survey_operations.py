"""The operations of surveys, for the drills' table."""

from collections.abc import Mapping
from typing import Any

from tests.drills.operation import RESIDENTS, STEWARDS, TEAMS, Operation
from tests.drills.sides import Common, Side
from tests.drills.surveying import DAILY, answered, form

STUDY: Mapping[str, str] = {"study_id": "study_id"}
QUESTIONNAIRE = {**STUDY, "questionnaire_id": "questionnaire_id"}
HIDDEN: Mapping[str, str] = {"study_id": "hidden_study"}
RESPONSE: Mapping[str, str] = {"response_id": "answered_id"}
NEW: Mapping[str, str] = {"response_id": "new_id"}


def _timed(s: Side, _: Common) -> dict[str, Any]:
    return {"questionnaire_id": s.questionnaire_id, "timetable": DAILY}


def _answered(s: Side, _: Common) -> dict[str, Any]:
    return answered(s)


SURVEYS: Mapping[str, Operation] = {
    "questionnaires_draft": Operation(
        TEAMS, STUDY, ("study_id",), body=lambda s, _: form(s, f"{s.team}-next"), hidden=HIDDEN
    ),
    "questionnaires_of_study": Operation(TEAMS, STUDY, ("study_id",), hidden=HIDDEN),
    "questionnaires_one_of_study": Operation(
        TEAMS, QUESTIONNAIRE, ("study_id", "questionnaire_id"), hidden=HIDDEN
    ),
    "questionnaires_publish": Operation(
        TEAMS, QUESTIONNAIRE, ("study_id", "questionnaire_id"), hidden=HIDDEN
    ),
    # What a schedule asks is not retired.
    "questionnaires_retire": Operation(
        TEAMS,
        {**STUDY, "questionnaire_id": "spare_id"},
        ("study_id", "questionnaire_id"),
        hidden=HIDDEN,
    ),
    "questionnaires_questionnaire": Operation(RESIDENTS, {"questionnaire_id": "questionnaire_id"}),
    "questionnaires_by_name": Operation(
        RESIDENTS, query="canonical=https://example.org/Questionnaire/sleep%7Cteam"
    ),
    "survey_uses_schedule": Operation(TEAMS, STUDY, ("study_id",), body=_timed, hidden=HIDDEN),
    "survey_uses_schedules": Operation(TEAMS, STUDY, ("study_id",), hidden=HIDDEN),
    "survey_uses_end": Operation(
        TEAMS,
        {**STUDY, "schedule_id": "schedule_id"},
        ("study_id", "schedule_id"),
        hidden=HIDDEN,
    ),
    "survey_uses_responses": Operation(
        TEAMS, STUDY, ("study_id",), leaves=("access",), hidden=HIDDEN
    ),
    "survey_uses_how_answered": Operation(
        TEAMS, STUDY, ("study_id",), leaves=("access",), hidden=HIDDEN
    ),
    "responses_save": Operation(RESIDENTS, NEW, body=_answered, chosen=True),
    "responses_submit": Operation(RESIDENTS, NEW, body=_answered, chosen=True),
    "responses_amend": Operation(
        RESIDENTS, RESPONSE, ("response_id",), body=_answered, if_match="first"
    ),
    "responses_mine": Operation(RESIDENTS),
    "responses_one": Operation(RESIDENTS, RESPONSE, ("response_id",)),
    "responses_remove": Operation(RESIDENTS, RESPONSE, ("response_id",)),
    "responses_asked": Operation(RESIDENTS),
    "responses_facts": Operation(RESIDENTS),
    "responses_looked_at": Operation(RESIDENTS),
    "concerns_open_ones": Operation(TEAMS | STEWARDS, STUDY, leaves=("access",), hidden=HIDDEN),
    "concerns_seen": Operation(
        TEAMS,
        {**STUDY, "concern_id": "concern_id"},
        ("study_id", "concern_id"),
        leaves=("access", "concern"),
        hidden=HIDDEN,
    ),
    "responses_decline": Operation(
        RESIDENTS, {"assignment_id": "assignment_id"}, ("assignment_id",)
    ),
}
