"""The commands on keys and journal, as an operator types them."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from api import data_keys
from api.settings import Settings
from domain.donations import renewal
from domain.donations.keys import context, new_key
from domain.rights import journal
from migrations.databases import Connection
from tests.database import Database
from tests.people import make_resident
from upkeep import erasures, keys

Do = Callable[..., Result]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(
        mode="development",
        secret_dir=tmp_path / "secrets",
        database_url=database.dsn("api"),
        worker_password=database.cluster.role_passwords["worker"],
    )


@pytest.fixture
def do(settings: Settings) -> Do:
    """Runs a command; `fails=True` where it must say so."""
    data_keys.provider(settings)

    def run(*words: str, fails: bool = False) -> Result:
        group = {"keys": keys, "journal": erasures}[words[0]]
        done = CliRunner().invoke(group, words[1:], obj=lambda: settings)
        assert (done.exit_code != 0) is fails, done.output
        assert not isinstance(done.exception, Exception) or isinstance(done.exception, SystemExit)
        return done

    return run


@pytest.fixture
async def wrapped(settings: Settings, admin: Connection) -> str:
    """A resident with a data key; the id of what wraps it."""
    resident_id = await make_resident(admin)
    one = await data_keys.provider(settings).wrap(new_key(), context(resident_id, "heart", 1))
    sql = "INSERT INTO data_key (resident_id, scope, version, kek, wrapped) VALUES ($1, 'heart', 1, $2, $3)"
    await admin.execute(sql, resident_id, *one)
    return one.kek_id


def test_a_key_is_changed_and_the_old_one_retired(do: Do, wrapped: str, settings: Settings) -> None:
    assert wrapped in do("keys", "status").output
    made = do("keys", "new").output.split()[0]
    do("keys", "retire", wrapped, fails=True)
    assert "1 data keys wrapped anew" in do("keys", "rotate", made).output
    assert "0 data keys wrapped anew" in do("keys", "rotate").output
    do("keys", "retire", made, fails=True)
    do("keys", "retire", wrapped)
    first, *rest = do("keys", "status").output.splitlines()
    assert first.split()[:2] == [made, "in"]
    assert wrapped not in " ".join(rest)
    assert (settings.secret_dir / f"retired-kek.{wrapped}").exists()


def test_a_key_that_is_missing_is_named(do: Do, wrapped: str, settings: Settings) -> None:
    (settings.secret_dir / "kek").unlink()
    said = do("keys", "status", fails=True).output
    assert f"{wrapped} MISSING" in said
    assert "KeyUnavailable" not in do("keys", "rotate", fails=True).output


def test_an_unknown_key_is_not_put_in_force(do: Do, wrapped: str) -> None:
    do("keys", "rotate", "0" * 16, fails=True)
    assert f"{wrapped} in force" in do("keys", "status").output


def test_data_keys_are_renewed_and_what_they_sealed_is_moved(
    do: Do, wrapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrapped
    assert do("keys", "renew", "--older-than", "1").output.startswith("0 ")
    assert do("keys", "renew", "--older-than", "0").output.startswith("1 ")
    assert "1 older versions" in do("keys", "status").output
    assert "0 versions destroyed" in do("keys", "reseal").output
    monkeypatch.setattr(renewal, "SETTLED", renewal.SETTLED * 0)
    assert "1 versions destroyed" in do("keys", "reseal").output


@pytest.fixture
async def erased(admin: Connection) -> None:
    await admin.execute("INSERT INTO erasure (resident_id, scope) VALUES (uuidv7(), 'heart')")


@pytest.mark.usefixtures("erased")
def test_a_journal_is_begun_brought_up_to_date_and_replayed(do: Do, tmp_path: Path) -> None:
    path = tmp_path / "erasures"
    assert do("journal", "export", str(path)).output == "1 lines written.\n"
    assert do("journal", "export", str(path)).output == "0 lines written.\n"
    said = do("journal", "replay", str(path)).output
    assert "1 lines, 0 missing, 0 failed." in said
    assert len(list(journal.entries(path))) == 1


@pytest.mark.parametrize("text", [None, "not a line\n"])
def test_a_journal_that_cannot_be_read_is_said_so(do: Do, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "erasures"
    if text is not None:
        path.write_text(text)
    assert (
        "journal of erasures cannot be read"
        in do("journal", "replay", str(path), fails=True).output
    )


def test_a_database_that_is_away_is_said_so(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://127.0.0.1:1/nowhere")
    done = CliRunner().invoke(keys, ["status"], obj=lambda: away)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
