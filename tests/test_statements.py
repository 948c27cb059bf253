"""PostgreSQL compiles every statement of ours on the migrated schema, in a role that may run it."""

import ast
import asyncio
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from msgspec import Struct

from migrations.databases import Connection, connected
from migrations.embedded import Cluster
from tests import database as databases
from tests.code import functions, module, sources, tree
from tests.database import Database

FILLS = {"fetch_all": 1, "find_one": 1}
"""What turns rows into Structs, and where it is told which."""
ROLES = ("api", "worker", "auditor")


class Statement(Struct, frozen=True):
    """A literal in a function, with the Struct that its rows become, where the call names one."""

    path: Path
    line: int
    function: str
    sql: str
    row: str | None

    def __str__(self) -> str:
        return f"{module(self.path)}.{self.function}:{self.line}"


def statements() -> Iterator[Statement]:
    for path in sources("api", "domain", "notifications"):
        for function in functions(path):
            assigned = sorted(_assigned(function), key=lambda node: node.lineno)
            lines = [*(node.lineno for node in assigned), (function.end_lineno or 0) + 1]
            for node, until in zip(assigned, lines[1:], strict=True):
                sql = ast.literal_eval(node.value)  # a literal, or this raises
                row = _row(function, node.lineno, until)
                yield Statement(path, node.lineno, function.name, sql, row)


def _assigned(function: ast.AST) -> Iterator[ast.Assign]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "sql":
            yield node


def _row(function: ast.AST, since: int, until: int) -> str | None:
    """The Struct named by the call between these lines that this statement is handed to."""
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        if since <= call.lineno < until and isinstance(call.func, ast.Name):
            named = call.args[FILLS[call.func.id]] if call.func.id in FILLS else None
            if isinstance(named, ast.Name):
                return named.id
    return None


STATEMENTS = list(statements())


@pytest.fixture(scope="module")
def migrated(cluster: Cluster, template: str) -> Iterator[Database]:
    """One database for all of them: nothing is run."""
    database = asyncio.run(databases.clone(cluster, template))
    yield database
    asyncio.run(databases.drop(database))


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
async def test_statement_fits_schema_and_struct(migrated: Database, statement: Statement) -> None:
    refused = []
    for role in ROLES:
        async with connected(migrated.dsn(role)) as conn:
            try:
                columns = await _compiled(conn, statement.sql)
            except asyncpg.InsufficientPrivilegeError as error:
                refused.append(f"{role}: {error}")
            else:
                break
    else:
        pytest.fail("; ".join(refused))
    if statement.row is not None:
        row = getattr(importlib.import_module(module(statement.path)), statement.row)
        assert columns == sorted(row.__struct_fields__)


async def _compiled(conn: Connection, sql: str) -> list[str]:
    """Its columns. Planning it is what asks for privileges; preparing does not."""
    prepared = await conn.prepare(sql)
    await conn.execute(f"EXPLAIN (GENERIC_PLAN) {sql}")
    return sorted(attribute.name for attribute in prepared.get_attributes())


def test_reading_on_begins_where_the_last_page_ended() -> None:
    """Not at the first row, as a plan for all values does where a page may have no one before it."""
    slow = re.compile(r"IS NULL OR [\w.]+ > \$")
    assert [str(each) for each in STATEMENTS if slow.search(each.sql)] == []


def test_all_of_them_are_found() -> None:
    """A statement that stood elsewhere would be compiled by nobody."""
    elsewhere = {
        f"{path}:{node.lineno}"
        for path in sources("api", "domain", "notifications")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.lstrip().startswith(("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "))
        and node.value not in {statement.sql for statement in STATEMENTS}
    }
    assert elsewhere == set()
    filled = {
        ast.unparse(call.args[FILLS[ast.unparse(call.func)]])
        for path in sources("api", "domain", "notifications")
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in FILLS
    }
    assert filled == {statement.row for statement in STATEMENTS} - {None}
