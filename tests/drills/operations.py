"""Every operation, once: who may do it, with which ids and with what body.

Whoever adds a route adds a row here; without one the drills `bola` and `input` fail.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.drills.bodies import (
    ahead,
    announced,
    answered,
    approval,
    delivered,
    held,
    next_notice,
    revised,
    scoped,
)
from tests.drills.world import (
    ANONYMOUS,
    CONTACT,
    DOORS,
    KEEP,
    Common,
    Side,
    World,
    observation,
    observations,
    phone,
    points,
    upload,
)

Doors = frozenset[str]
Body = Callable[[Side, Common], Any]
Probe = Callable[[Side, Common, str], Any]

ALL: Doors = frozenset(DOORS)
KNOWN: Doors = ALL - {ANONYMOUS}
RESIDENTS: Doors = frozenset({"anna", "bertil"})
TEAMS: Doors = frozenset({"team", "others"})
STEWARDS: Doors = frozenset({"maker", "opener"})
OFFICER: Doors = frozenset({"officer"})
REGISTRARS: Doors = STEWARDS | OFFICER


class Operation(NamedTuple):
    """One operation of the description.

    `doors`: who is answered 2xx for their own ids. `path`: for each parameter the attribute of a
    `Side` that is one's own. `theirs`: those of them that the doors of one side alone may name.
    `hidden`: parameters and the ids that must be answered as a random one is; `probes`: bodies with
    such an id, by its name. `chosen`: the ids of its path are the caller's to make. `leaves`: tables in which it
    leaves rows that are nobody's, or, where it reads, the resident's who is read about.
    """

    doors: Doors
    path: Mapping[str, str] = {}
    theirs: tuple[str, ...] = ()
    body: Body | None = None
    query: str = ""
    if_match: str = ""
    hidden: Mapping[str, str] = {}
    probes: Mapping[str, Probe] = {}
    chosen: bool = False
    leaves: tuple[str, ...] = ()


def foreign(world: World, side: Side, name: str) -> str | None:
    """The id of that name that the other side has and this one does not."""
    if name in Common.__struct_fields__:
        return str(getattr(world.common, name))
    found = str(getattr(world.other(side), name))
    if name == "event_seq" and int(found) <= side.events:
        return None
    return found


OPERATIONS: Mapping[str, Operation] = {
    "receipts_published_keys": Operation(ALL),
    "health_live": Operation(ALL),
    "health_ready": Operation(ALL),
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
