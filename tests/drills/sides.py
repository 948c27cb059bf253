"""Who knocks in drills, and what is theirs."""

from collections.abc import Mapping

from msgspec import Struct

PLATFORM = "00000000-0000-7000-8000-0000000000"
KEEP, FIND, CONTACT, QUOTE = (f"{PLATFORM}{n}" for n in ("11", "13", "14", "16"))
PLATFORM_NOTICE = f"{PLATFORM}01"
ANONYMOUS = "anonymous"
STAFF: Mapping[str, str | None] = {
    "officer": "data-protection-officer", "operator": "operator", "idle": None,
}  # fmt: skip
DOORS = ("anonymous", "stranger", "anna", "bertil", "team", "others", "maker", "opener", *STAFF)
"""Everyone who may knock: nobody, a login of nobody, residents, study teams, stewards, and staff."""


class Side(Struct, kw_only=True):
    """One resident and one study, with the ids of what is theirs. All ids are texts."""

    resident: str
    team: str
    mark: str = ""
    text: str = ""
    values: tuple[float, ...] = ()
    resident_id: str = ""
    attribute: str = ""
    measure: str = "heart-rate"
    problem: str = "not-found"
    study_id: str = ""
    notice_id: str = ""
    item_id: str = ""
    enrolment_id: str = ""
    code: str = ""
    stream_id: str = ""
    block_id: str = ""
    hold_id: str = ""
    message_id: str = ""
    device_id: str = ""
    communication_id: str = ""
    stop_id: str = ""
    announcement_id: str = ""
    membership_id: str = ""
    questionnaire_id: str = ""
    spare_id: str = ""
    schedule_id: str = ""
    assignment_id: str = ""
    answered_id: str = ""
    concern_id: str = ""
    event: str = "operation"
    new_id: str = ""
    first: int = 1
    event_seq: str = ""
    events: int = 0
    withdrawal_seq: str = ""
    revision: int = 0
    study_revision: int = 0
    private: frozenset[str] = frozenset()
    """What nobody may read whom it does not concern: ids, free text and values of the resident."""


class Common(Struct, frozen=True, kw_only=True):
    """What belongs to no side: a study that both may join, one in review, and a member to admit."""

    joinable: str
    joinable_item: str
    hidden_study: str
    hidden_notice: str
    hidden_item: str
    newcomer: str
