"""What is installed is what pyproject.toml asks for, pinned and hashed, from no address of ours."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN = PROJECT["dependencies"]
EXTRA = PROJECT["optional-dependencies"]
FILES = {
    "requirements.txt": RUN,
    "requirements-dev.txt": RUN + EXTRA["dev"],
    "requirements-bench.txt": RUN + EXTRA["dev"] + EXTRA["bench"],
}


def pins(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().replace("\\\n", "").splitlines()
    return [Requirement(re.sub(r" +--hash=\S+", "", x)) for x in lines if x and x[0] not in " #"]


@pytest.mark.parametrize("name", FILES)
def test_every_wish_is_pinned_to_a_version_that_fulfils_it(name: str) -> None:
    wishes = [Requirement(wish) for wish in FILES[name]]
    unfulfilled = {
        wish.name
        for wish in wishes
        if not any(
            pin.name == wish.name and wish.specifier.contains(str(pin.specifier).removeprefix("=="))
            for pin in pins(name)
        )
    }
    assert unfulfilled == set(), "run: make requirements"


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_pinned_that_nobody_wants(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text())
    direct = {entry.partition("==")[0] for entry in entries if "medverka (pyproject.toml)" in entry}
    wanted = {Requirement(wish).name for wish in FILES[name]}
    assert {re.sub(r"\[.*", "", pin) for pin in direct} == wanted, "run: make requirements"


@pytest.mark.parametrize(("less", "more"), list(pairwise(FILES)))
def test_what_is_tested_and_measured_is_what_runs(less: str, more: str) -> None:
    assert {str(pin) for pin in pins(less)} <= {str(pin) for pin in pins(more)}


@pytest.mark.parametrize("name", FILES)
def test_every_pin_is_hashed_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.findall(r"^\S+==(?:.*\\\n)+.*", text, re.MULTILINE)
    assert len(entries) == len(pins(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--find-links", text)
