"""Every operation, once: who may do it, with which ids and with what body.

Whoever adds a route adds a row here; without one the drills `bola` and `input` fail.
"""

from collections.abc import Mapping

from tests.drills.bodies import (
    ahead,
    announced,
    answered,
    approval,
    delivered,
    held,
    next_notice,
    observation,
    observations,
    phone,
    points,
    revised,
    scoped,
    upload,
)
from tests.drills.operation import (
    ALL,
    KNOWN,
    OFFICER,
    REGISTRARS,
    RESIDENTS,
    STEWARDS,
    TEAMS,
    Operation,
)
from tests.drills.sides import CONTACT, KEEP
from tests.drills.survey_operations import SURVEYS

OPERATIONS: Mapping[str, Operation] = {
    **SURVEYS,
    "receipts_published_keys": Operation(ALL),
    "health_live": Operation(ALL),
    "health_ready": Operation(ALL),
    "problem_types_catalogue": Operation(ALL),
    "problem_types_problem_type": Operation(ALL, {"name": "problem"}),
    "measures_catalogue": Operation(ALL),
    "measures_measure": Operation(ALL, {"measure": "measure"}),
    "studies_catalogue": Operation(ALL),
    "studies_study": Operation(ALL, {"study_id": "study_id"}, hidden={"study_id": "hidden_study"}),
    "consents_notice": Operation(ALL, {"notice_id": "notice_id"}),
    "residents_begin": Operation(
        KNOWN, body=lambda _, __: {"notice_version": 1, "language": "en", "zone": "Europe/Oslo"}
    ),
    "residents_profile": Operation(RESIDENTS),
    "residents_erase_account": Operation(RESIDENTS, query="confirm=erase", leaves=("identity",)),
    "residents_preferences": Operation(RESIDENTS),
    "residents_prefer": Operation(
        RESIDENTS,
        if_match="revision",
        body=lambda _, __: {
            "language": "en",
            "zone": "Europe/Oslo",
            "muted": ["study-joined"],
            "quiet_hours": {"start": "22:00", "end": "07:00"},
        },
    ),
    "residents_attributes": Operation(RESIDENTS),
    "residents_dispute": Operation(
        RESIDENTS, {"name": "attribute"}, ("name",), body=lambda s, _: {"text": s.text}
    ),
    "residents_withdraw_dispute": Operation(RESIDENTS, {"name": "attribute"}, ("name",)),
    "residents_sign_out_everywhere": Operation(RESIDENTS),
    "residents_export": Operation(RESIDENTS),
    "access_log_access_log": Operation(RESIDENTS),
    "blocks_mine": Operation(RESIDENTS),
    "blocks_block": Operation(
        RESIDENTS,
        body=lambda s, _: {"scope": "study", "study_id": s.study_id},
        probes={"hidden_study": lambda _, __, found: scoped("study")(found)},
    ),
    "blocks_lift": Operation(RESIDENTS, {"block_id": "block_id"}, ("block_id",)),
    "consents_my_consents": Operation(RESIDENTS),
    "consents_my_review": Operation(RESIDENTS),
    "consents_answer": Operation(
        RESIDENTS,
        body=lambda s, _: answered(s, CONTACT, KEEP),
    ),
    "consents_my_history": Operation(RESIDENTS),
    "consents_my_event": Operation(RESIDENTS, {"seq": "event_seq"}, ("seq",)),
    "consents_withdraw": Operation(
        RESIDENTS,
        body=lambda s, _: scoped("study")(s.study_id),
        probes={
            "hidden_study": lambda _, __, found: scoped("study")(found),
            "hidden_item": lambda _, __, found: scoped("item", effect="erase")(found),
        },
    ),
    "consents_preview": Operation(
        RESIDENTS,
        body=lambda s, _: scoped("study", effect="erase")(s.study_id),
        probes={"hidden_study": lambda _, __, found: scoped("study")(found)},
    ),
    "consents_my_withdrawal": Operation(RESIDENTS, {"seq": "withdrawal_seq"}, ("seq",)),
    "consents_pause": Operation(
        RESIDENTS,
        body=lambda s, _: scoped("study", until=ahead())(s.study_id),
        probes={"hidden_study": lambda _, __, found: scoped("study", until=ahead())(found)},
    ),
    "consents_resume": Operation(
        RESIDENTS,
        body=lambda _, __: {"scope": "category", "category": "sleep"},
        probes={"hidden_study": lambda _, __, found: scoped("study")(found)},
    ),
    "donations_donate": Operation(RESIDENTS, body=lambda s, _: upload(s)),
    "open_mhealth_donate": Operation(RESIDENTS, body=lambda s, _: points(s)),
    "fhir_metadata": Operation(ALL),
    "fhir_transact": Operation(RESIDENTS, body=lambda s, _: observations(s)),
    "fhir_create": Operation(RESIDENTS, body=lambda s, _: observation(s)),
    "donations_list_streams": Operation(RESIDENTS),
    "donations_samples": Operation(RESIDENTS, {"stream_id": "stream_id"}, ("stream_id",)),
    "own_data_samples": Operation(RESIDENTS),
    "own_data_export": Operation(RESIDENTS, query="format=json"),
    "summaries_summary": Operation(
        RESIDENTS, {"measure": "measure"}, query="from=2026-01-01&to=2026-02-01"
    ),
    "sources_mine": Operation(RESIDENTS),
    "sources_report": Operation(
        RESIDENTS,
        body=lambda s, _: {
            "source": upload(s)["source"],
            "permissions": [{"measure": s.measure, "granted": False}],
            "told_at": "2026-03-01T08:30:00Z",
        },
    ),
    "sources_gaps": Operation(
        RESIDENTS, {"measure": "measure"}, query="from=2026-01-01&to=2026-02-01"
    ),
    "donations_delete_stream": Operation(RESIDENTS, {"stream_id": "stream_id"}, ("stream_id",)),
    "donations_delete_samples": Operation(
        RESIDENTS, {"stream_id": "stream_id"}, ("stream_id",), query="from=0&to=4102444800000"
    ),
    "studies_enrol": Operation(
        RESIDENTS,
        body=lambda _, c: {"study_id": c.joinable},
        probes={"hidden_study": lambda _, __, found: {"study_id": found}},
    ),
    "studies_episodes": Operation(RESIDENTS),
    "studies_leave": Operation(
        RESIDENTS,
        {"enrolment_id": "enrolment_id"},
        ("enrolment_id",),
        body=lambda _, __: {"effect": "no-further-use"},
    ),
    "devices_mine": Operation(RESIDENTS),
    "devices_register": Operation(
        RESIDENTS, {"device_id": "device_id"}, body=lambda s, _: phone(s), chosen=True
    ),
    "devices_remove": Operation(RESIDENTS, {"device_id": "device_id"}, ("device_id",)),
    "email_mine": Operation(RESIDENTS),
    "email_set_address": Operation(
        RESIDENTS, body=lambda s, _: {"address": f"{s.mark}@mail.example"}
    ),
    "email_confirm": Operation(RESIDENTS, body=lambda _, __: {"code": "040506"}),
    "email_remove": Operation(RESIDENTS),
    "inbox_messages": Operation(RESIDENTS),
    "changes_changes": Operation(RESIDENTS),
    "inbox_message": Operation(RESIDENTS, {"message_id": "message_id"}, ("message_id",)),
    "inbox_deliver": Operation(
        RESIDENTS,
        body=lambda s, _: {"deliveries": [delivered(s.message_id, s.device_id)]},
    ),
    "inbox_unread_count": Operation(RESIDENTS),
    "inbox_read": Operation(RESIDENTS, {"message_id": "message_id"}, ("message_id",)),
    "inbox_unread": Operation(RESIDENTS, {"message_id": "message_id"}, ("message_id",)),
    "inbox_archive": Operation(RESIDENTS, {"message_id": "message_id"}, ("message_id",)),
    "inbox_bring_back": Operation(RESIDENTS, {"message_id": "message_id"}, ("message_id",)),
    "conversations_mine": Operation(RESIDENTS, {"study_id": "study_id"}, ("study_id",)),
    "conversations_write": Operation(
        RESIDENTS,
        {"study_id": "study_id"},
        ("study_id",),
        body=lambda _, __: {"text": "A drill."},
    ),
    "conversations_read": Operation(
        RESIDENTS,
        {"study_id": "study_id", "communication_id": "communication_id"},
        ("study_id", "communication_id"),
    ),
    "conversations_with_participant": Operation(
        TEAMS, {"study_id": "study_id", "code": "code"}, ("study_id", "code")
    ),
    "conversations_write_to": Operation(
        TEAMS,
        {"study_id": "study_id", "code": "code"},
        ("study_id", "code"),
        leaves=("communication", "data_key", "message", "outbox"),
        body=lambda _, __: {"text": "A drill."},
    ),
    "study_events_mine": Operation(RESIDENTS, {"study_id": "study_id"}, ("study_id",)),
    "study_events_of_participant": Operation(
        TEAMS, {"study_id": "study_id", "code": "code"}, ("study_id", "code")
    ),
    "study_events_record": Operation(
        TEAMS,
        {"study_id": "study_id", "code": "code", "name": "event"},
        ("study_id", "code"),
        body=lambda _, __: {"occurred_at": "2026-03-01T08:30:00Z"},
        named=("name",),
        leaves=("study_event",),
    ),
    "study_events_take_back": Operation(
        TEAMS,
        {"study_id": "study_id", "code": "code", "name": "event"},
        ("study_id", "code"),
        named=("name",),
        leaves=("study_event",),
    ),
    "uses_samples": Operation(
        TEAMS,
        {"study_id": "study_id"},
        ("study_id",),
        leaves=("access",),
        hidden={"study_id": "hidden_study"},
    ),
    "stewards_registrations": Operation(REGISTRARS),
    "stewards_registration": Operation(
        REGISTRARS | TEAMS, {"study_id": "study_id"}, hidden={"study_id": "hidden_study"}
    ),
    "stewards_study_notice": Operation(
        REGISTRARS | TEAMS, {"study_id": "study_id"}, hidden={"study_id": "hidden_study"}
    ),
    "stewards_create": Operation(STEWARDS, body=lambda s, _: revised(s)),
    "stewards_revise": Operation(
        STEWARDS, {"study_id": "study_id"}, body=lambda s, _: revised(s), if_match="study_revision"
    ),
    "stewards_stand": Operation(
        STEWARDS,
        {"study_id": "study_id"},
        body=lambda _, __: {"status": "active", "suspended": True},
        if_match="study_revision",
    ),
    "stewards_approve": Operation(frozenset({"opener"}), {"study_id": "study_id"}, body=approval),
    "stewards_stand_approval": Operation(
        STEWARDS,
        {"study_id": "study_id"},
        body=lambda _, __: {"reference": "2026-04127-01", "state": "suspended"},
        if_match="study_revision",
    ),
    "stewards_team": Operation(REGISTRARS, {"study_id": "study_id"}),
    "stewards_admit": Operation(
        STEWARDS,
        {"study_id": "study_id"},
        body=lambda _, c: {"role": "analyst", "member_id": c.newcomer},
    ),
    "stewards_dismiss": Operation(
        STEWARDS,
        {"study_id": "study_id", "membership_id": "membership_id"},
        ("membership_id",),
    ),
    "stewards_publish": Operation(STEWARDS, body=lambda s, _: next_notice(s, s.study_id)),
    "announcements_listed": Operation(REGISTRARS),
    "announcements_draft": Operation(
        REGISTRARS,
        body=lambda s, _: announced(s),
    ),
    "announcements_announcement": Operation(REGISTRARS, {"announcement_id": "announcement_id"}),
    # Its maker is let in, and told that nobody approves their own.
    "announcements_approve": Operation(
        frozenset({"opener"}) | OFFICER, {"announcement_id": "announcement_id"}
    ),
    "announcements_withdraw": Operation(REGISTRARS, {"announcement_id": "announcement_id"}),
    "restrictions_switches": Operation(REGISTRARS),
    "restrictions_stop": Operation(
        REGISTRARS, body=lambda s, _: {"study_id": s.study_id, "reason": "A drill"}
    ),
    "restrictions_lift_stop": Operation(frozenset({"maker"}) | OFFICER, {"stop_id": "stop_id"}),
    "restrictions_hold": Operation(
        OFFICER,
        body=lambda s, _: held({"study_id": s.study_id, "code": s.code}),
        probes={
            "code": lambda s, _, found: held({"study_id": s.study_id, "code": found}),
        },
    ),
    "restrictions_lift_hold": Operation(
        OFFICER,
        {"hold_id": "hold_id"},
        ("hold_id",),
        body=lambda s, _: {"resident_id": s.resident_id},
        probes={"code": lambda s, _, found: {"study_id": s.study_id, "code": found}},
    ),
    "restrictions_invalidate": Operation(
        OFFICER,
        body=lambda s, _: {"concerning": {"resident_id": s.resident_id}, "item_id": s.item_id},
        probes={
            "item_id": lambda s, _, found: {
                "concerning": {"resident_id": s.resident_id},
                "item_id": found,
            },
        },
    ),
}
