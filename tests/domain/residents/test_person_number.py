"""Numbers are told from what only looks like them, and never end up in a message."""

from datetime import date

import pytest

from domain.residents.person_number import digest, from_claims, is_valid

TODAY = date(2026, 3, 1)
PERSONAL = "https://id.oidc.se/claim/personalIdentityNumber"
COORDINATION = "https://id.oidc.se/claim/coordinationNumber"
PREVIOUS = "https://id.oidc.se/claim/previousCoordinationNumber"


@pytest.mark.parametrize(
    "number",
    ["198112189876", "189001019802", "197010632391", "200002292399"],
)
def test_numbers_and_coordination_numbers_are_valid(number: str) -> None:
    assert is_valid(number, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "198112189875",  # check digit
        "198113189876",  # no such month
        "198102309870",  # no such day
        "197010922396",  # no such day, after 60 is taken off
        "8112189876",  # which century
        "19811218-9876",
        "\uff11\uff19\uff18\uff11\uff11\uff12\uff11\uff18\uff19\uff18\uff17\uff16",  # full-width digits
        "209012189876",  # not born yet
        "",
        "19811218987\n",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert not is_valid(text, TODAY)


def test_the_number_in_use_comes_before_the_one_it_replaced() -> None:
    claims = {PREVIOUS: "197010632391", PERSONAL: "198112189876", "nin": "198112189876"}
    assert from_claims(claims, TODAY) == ["198112189876", "197010632391"]


@pytest.mark.parametrize("odd", [None, 198112189876, ["198112189876"], "number"])
def test_an_odd_claim_is_passed_over(odd: object) -> None:
    assert from_claims({PERSONAL: odd, COORDINATION: "197010632391"}, TODAY) == ["197010632391"]


def test_without_the_secret_a_number_cannot_be_tried() -> None:
    assert digest(b"one", "198112189876") != digest(b"two", "198112189876")
