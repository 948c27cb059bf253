"""Before any resident: two stewards open a study."""

from demo import declared
from demo.telling import Cast, Holds


def a_study_is_opened(cast: Cast, issuer: str) -> str:
    """Two stewards, an approval and a notice; nobody approves their own. The study's id."""
    study_id = _registered(cast)
    at = f"/v1/studies/{study_id}"
    for status in ("approved", "active"):
        revision = cast.sven.call(f"GET {at}/registration").headers["ETag"]
        cast.sven.does(
            f"another steward: {status}", f"PUT {at}/status", lambda s: s["status"],
            holds=_stands(status),
            json={"status": status}, headers={"If-Match": revision},
        )  # fmt: skip
    for name, role in (("Maja", "analyst"), ("Lea", "lead")):
        cast.sven.does(
            f"lets {name} into the team", f"POST {at}/memberships", lambda m: m["role"], status=201,
            json={"role": role, "issuer": issuer, "subject": name.lower(), "label": name},
        )  # fmt: skip
    cast.dora.does(
        "the data protection officer sees it", "GET /v1/registrations",
        lambda page: f"{len(page['items'])} study",
        holds=lambda page: [s["study_id"] for s in page["items"]] == [study_id],
    )  # fmt: skip
    return study_id


def _registered(cast: Cast) -> str:
    study = cast.stina.does(
        "registers a study", "POST /v1/studies", lambda s: s["status"], status=201,
        holds=lambda s: s["status"] == "in-review", json=declared.STUDY,
    )  # fmt: skip
    study_id: str = study["study_id"]
    at = f"/v1/studies/{study_id}"
    cast.stina.does(
        "records the ethics approval", f"POST {at}/approvals",
        lambda s: s["approvals"][0]["reference"], status=201, json=declared.APPROVAL,
    )  # fmt: skip
    cast.stina.does(
        "publishes the notice, with three choices", "POST /v1/notices",
        lambda n: f"version {n['version']}", status=201, json=declared.notice(study_id),
    )  # fmt: skip
    revision = cast.sven.call(f"GET {at}/registration").headers["ETag"]
    cast.stina.is_refused(
        "cannot approve her own", f"PUT {at}/status", 403, "own-study",
        json={"status": "approved"}, headers={"If-Match": revision},
    )  # fmt: skip
    return study_id


def _stands(status: str) -> Holds:
    return lambda study: study["status"] == status
