"""Style is a test: which part may know which, what is pure, who may read grants, how long things get."""

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

from tests.code import (
    PRODUCT,
    REST,
    ROOT,
    functions,
    imports,
    length,
    module,
    sources,
    text_files,
    tree,
)

GROUND = frozenset(
    f"domain.{name}"
    for name in (
        "caller",
        "checkup",
        "damage",
        "db",
        "errors",
        "fields",
        "languages",
        "patience",
        "readiness",
        "trips",
    )
)
"""What every part may stand on; it stands on nothing of ours itself."""
MAY_KNOW = {
    "api": {"api", "domain", "notifications"},
    "domain": {"domain", "notifications"},
    "notifications": {"notifications", *GROUND},
    "migrations": {"migrations"},
    "demo": {"demo", "api", "cli", "domain", "migrations"},  # it plays against a real `serve`
    "cli.py": {
        "api",
        "domain",
        "notifications",
        "migrations",
        "demo",
        "surveys",
        "upkeep",
        "working",
    },
    "surveys.py": {"api", "domain"},
    "upkeep.py": {"api", "domain", "notifications"},
    "working.py": {"api", "domain", "notifications"},
}
ALSO = {
    "api/health.py": {"migrations.runner"},  # ready is: migrated as far as this code needs
    "api/doctor.py": {"migrations.databases", "migrations.programs", "migrations.runner"},
}
LAYERS = (
    {"residents", "audit", "jobs"}, {"consents"}, {"studies"},
    {"donations"}, {"surveys", "feedback"}, {"cohorts", "disclosures"}, {"rights"},
)  # fmt: skip
"""Inside domain/: a capability may call those of earlier layers, and none beside it."""
LEVEL = {capability: level for level, layer in enumerate(LAYERS) for capability in layer}

LEDGER = {"gate.py", "store.py", "review.py"}
"""Of domain/consents: the gate, the events' own projection, and what a resident is shown of it."""
RUNS = {"fetch": 0, "fetchrow": 0, "fetchval": 0, "execute": 0, "executemany": 0, "fetch_all": 2,
        "find_one": 2}  # fmt: skip
"""Where each takes its SQL."""
STATEMENT = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s")

LONGEST_FILE, LONGEST_FUNCTION = 300, 40
MEDIAN_FILE, MEDIAN_FUNCTION = 120, 8


def within(name: str, allowed: Iterable[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if within(name, [*MAY_KNOW, "cli", "bench", "tests"])}


def capability(name: str) -> str | None:
    """Of a module under domain/: `consents` for `domain.consents.gate`, None for the ground."""
    parts = name.split(".")
    is_one = parts[0] == "domain" and (ROOT / "domain" / "/".join(parts[1:2])).is_dir()
    return parts[1] if is_one and len(parts) > 1 else None


@pytest.mark.parametrize("part", MAY_KNOW)
def test_each_part_knows_only_what_lies_below_it(part: str) -> None:
    for path in sources(part):
        allowed = MAY_KNOW[part] | ALSO.get(str(path), set())
        assert {name for name in ours(path) if not within(name, allowed)} == set(), path


def test_the_ground_stands_on_nothing_else() -> None:
    for path in sources("domain"):
        if module(path) in GROUND:
            assert ours(path) <= GROUND, path
    lying_there = {f"domain.{path.stem}" for path in (ROOT / "domain").glob("[a-z]*.py")}
    assert lying_there == GROUND


def test_a_capability_calls_only_earlier_ones() -> None:
    for path in sources("domain"):
        own = capability(module(path))
        for name in ours(path):
            other = capability(name)
            assert other in {own, None} or (own and LEVEL[str(other)] < LEVEL[own]), (path, name)


def test_every_capability_has_its_layer_and_says_what_it_is() -> None:
    for folder in sorted(path.parent for path in (ROOT / "domain").glob("*/__init__.py")):
        assert folder.name in LEVEL
        assert ast.get_docstring(tree((folder / "__init__.py").relative_to(ROOT))), folder


def test_nothing_goes_round_in_circles() -> None:
    arrows = {module(path): ours(path) for path in sources(*PRODUCT) if path.stem != "cli"}
    assert list(TopologicalSorter(arrows).static_order())  # or it raises CycleError


def test_only_api_knows_litestar() -> None:
    for path in sources("domain", "notifications", "migrations", "cli.py", "demo"):
        assert not [name for name in imports(path) if within(name, ["litestar"])], path


def test_models_are_pure() -> None:
    """No waiting, no database, no clock: time is an argument."""
    for path in sources("domain"):
        if path.name == "model.py":
            nodes = list(ast.walk(tree(path)))
            assert not [n for n in nodes if isinstance(n, ast.AsyncFunctionDef | ast.Await)], path
            used = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
            assert used.isdisjoint({"now", "utcnow", "today", "monotonic", "perf_counter"}), path
            forbidden = {"asyncpg", "domain.db", "time", "random", "secrets", "os"}
            assert imports(path).isdisjoint(forbidden), path


def test_the_environment_is_read_in_one_place() -> None:
    """The others in this list hand it over, and look at nothing in it."""
    reading = {str(path) for path in sources(*PRODUCT, "demo") if _names_environment(path)}
    assert reading <= {"cli.py", "api/app.py", "demo/stage.py", "demo/story.py"}
    for path in ("cli.py", "api/app.py"):
        for node in ast.walk(tree(Path(path))):
            taken = node.value if isinstance(node, ast.Subscript) else None
            assert not (isinstance(taken, ast.Attribute) and taken.attr == "environ"), path


def _names_environment(path: Path) -> bool:
    names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    return not names.isdisjoint({"environ", "getenv", "environb", "putenv"})


def test_only_the_gate_reads_grants() -> None:
    views = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:permit|collectable|undenied_grant)\b")
    table = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+consent_grant\b")
    for path, sql in _statements():
        if views.search(sql):
            assert path == Path("domain/consents/gate.py")
        if table.search(sql) and path != Path("domain/rights/erase.py"):  # deletes the account's
            assert path.parent == Path("domain/consents"), path
            assert path.name in LEDGER, path


def _statements() -> Iterator[tuple[Path, str]]:
    for path in sources(*PRODUCT, "demo"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value


def test_sql_is_never_put_together() -> None:
    for path in sources("api", "domain", "notifications"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.JoinedStr | ast.BinOp):
                text = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                assert not STATEMENT.search(" ".join(map(str, text))), (path, node.lineno)


def test_sql_stands_beside_the_call_that_runs_it() -> None:
    for path in sources("api", "domain", "notifications"):
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name = call.func.id if isinstance(call.func, ast.Name) else name
            given = call.args[RUNS[name]] if name in RUNS and len(call.args) > RUNS[name] else None
            literal = isinstance(given, ast.Constant | None)
            named = isinstance(given, ast.Name) and given.id == "sql"
            assert literal or named or path == Path("domain/db.py"), (path, call.lineno)


def test_names_say_what_a_thing_is() -> None:
    for path in sources(*PRODUCT, *REST):
        assert path.stem not in {"utils", "helpers", "common", "misc", "lib"}
        for node in ast.walk(tree(path)):
            vague = r"(Manager|Service|Repository|Impl|Helper|Utils?)$"
            assert not (isinstance(node, ast.ClassDef) and re.search(vague, node.name)), path


def test_files_are_short() -> None:
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in sources(*PRODUCT, *REST)}
    product = [lines[path] for path in sources(*PRODUCT)]
    print(f"lines of a file, median: {median(product)}, with tests {median(lines.values())}")  # noqa: T201 - for -rP
    assert {str(path): n for path, n in lines.items() if n > LONGEST_FILE} == {}
    assert median(product) <= MEDIAN_FILE


def test_functions_are_short() -> None:
    lengths = {
        f"{path}:{function.lineno} {function.name}": length(function)
        for path in sources(*PRODUCT, *REST)
        for function in functions(path)
    }
    print(f"lines of a function, median: {median(lengths.values())}")  # noqa: T201 - for -rP
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}
    assert median(lengths.values()) <= MEDIAN_FUNCTION


def test_nothing_names_the_machine_that_it_was_written_on() -> None:
    machine = re.compile(r"(?<![\w.:/*-])/(?:home|root|work|Users|mnt)/\w|\.\./\.\w")
    for path, text in text_files():
        assert not machine.search(text), path
