"""Before any resident: two stewards open a study."""

from demo import declared
from demo.telling import Cast


def a_study_is_opened(self) -> None:
    """Two stewards, an approval and a notice; nobody approves their own."""
    stina, sven, dora = self.cast.stina, self.cast.sven, self.cast.dora
    study = stina.does(
        "registers a study", "POST /v1/studies", lambda s: s["status"], status=201,
        holds=lambda s: s["status"] == "in-review", json=declared.STUDY,
    )  # fmt: skip
    self._study = study["study_id"]
    at = f"/v1/studies/{self._study}"
    stina.does(
        "records the ethics approval", f"POST {at}/approvals",
        lambda s: s["approvals"][0]["reference"], status=201, json=declared.APPROVAL,
    )  # fmt: skip
    stina.does(
        "publishes the notice, with two choices", "POST /v1/notices",
        lambda n: f"version {n['version']}", status=201, json=declared.notice(self._study),
    )  # fmt: skip
    revision = sven.call(f"GET {at}/registration").headers["ETag"]
    stina.is_refused(
        "cannot approve her own", f"PUT {at}/status", 403, "own-study",
        json={"status": "approved"}, headers={"If-Match": revision},
    )  # fmt: skip
    for status in ("approved", "active"):
        revision = sven.call(f"GET {at}/registration").headers["ETag"]
        sven.does(
            f"another steward: {status}", f"PUT {at}/status", lambda s: s["status"],
            holds=lambda s, status=status: s["status"] == status,
            json={"status": status}, headers={"If-Match": revision},
        )  # fmt: skip
    sven.does(
        "lets Maja into the team", f"POST {at}/memberships", lambda m: m["role"], status=201,
        json={"role": "analyst", "issuer": self._issuer, "subject": "maja", "label": "Maja"},
    )  # fmt: skip
    dora.does(
        "the data protection officer sees it", "GET /v1/registrations",
        lambda page: f"{len(page['items'])} study",
        holds=lambda page: [s["study_id"] for s in page["items"]] == [self._study],
    )  # fmt: skip

