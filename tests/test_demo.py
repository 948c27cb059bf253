"""The demo itself: with a short series it takes seconds, and its checks can fail."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

import cli
from api.settings import BadSettings, Settings
from demo import series, stage
from demo.readings import reading, tampered
from demo.story import play
from demo.telling import Broken, Telling
from migrations import databases
from migrations.embedded import Cluster


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A stage of the test's own: a name for a database, secrets, and a free port."""
    external = {"DATABASE_URL": cluster.dsn("admin")} | {
        f"MEDVERKA_{role.upper()}_PASSWORD": password
        for role, password in cluster.role_passwords.items()
    }
    name = f"medverka_test_{secrets.token_hex(8)}"
    yield stage.settings_of(external, tmp_path / "demo", name)
    cli.run(databases.drop_database(cluster.dsn("admin"), name))


def test_the_whole_story_holds(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert play(settings, series.made(days=2)) == 0
    assert "✗" not in capfd.readouterr().out


def test_it_is_not_played_on_a_server_without_passwords() -> None:
    with pytest.raises(BadSettings, match="MEDVERKA_API_PASSWORD"):
        stage.settings_of({"DATABASE_URL": "postgresql://admin:secret@localhost/any"})


def test_a_check_that_does_not_hold_ends_the_story() -> None:
    telling = Telling(Console(quiet=True))
    with telling.chapter("one"), pytest.raises(Broken):
        telling.step("Anna", "withdraws", "POST /v1/me/withdrawals", "500", 1, held=False)
    assert telling.checks == 0


def test_a_stream_that_was_cut_off_is_not_whole() -> None:
    assert not reading(b'{"end":false,"skipped":0}\n').whole
    assert not reading(b'{"end":true,"skipped":1}\n').whole
    assert reading(b'{"end":true,"skipped":0}\n').whole


def test_tampering_changes_the_content_alone() -> None:
    assert tampered("e30.eyJhIjoxfQ.c2ln") == "e30.eyJhIAoxfQ.c2ln"


def test_a_made_month_is_the_same_in_every_run() -> None:
    assert series.made(1) == series.made(1)
    assert 40 < min(series.made(1).value) < max(series.made(1).value) < 140
    assert len(series.made(3).daily()) == 3
