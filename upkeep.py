"""Commands of `medverka` for what keeps donations readable and erased ones away, and for knocks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from api import data_keys
from api.settings import BadSettings, Settings
from domain.damage import Damaged
from domain.db import BUCKETS, Connection, Pool, begin, open_pool
from domain.donations import kek_files, renewal, rotation, sealed_emails
from domain.donations.kek_files import NoSuchKey
from domain.donations.keys import KeyProvider, KeyUnavailable
from domain.residents import sealed_numbers
from domain.rights import journal, replay
from domain.rights.journal import JournalUnreadable
from notifications import dead_letters

CONNECTIONS = 2
TELL_SECONDS = 5.0

T = TypeVar("T")
Configured = Callable[[], Settings]


@click.group()
def keys() -> None:
    """Key-encryption keys (`kek` in MEDVERKA_SECRET_DIR) and the data keys that they wrap."""


@keys.command()
@click.pass_obj
def status(configured: Configured) -> None:
    """Which key wraps how much. Exits 1 where something is wrapped by a key that is not here."""
    settings = configured()
    wrapped, numbers, emails, older = _run(settings, _counted)
    here = _here(settings)
    missing = sorted((wrapped.keys() | numbers.keys() | emails.keys()) - set(here))
    for kek_id in [*here, *missing]:
        state = "MISSING" if kek_id in missing else "in force" if kek_id == here[0] else "unwraps"
        of_each = (
            f"{wrapped.get(kek_id, 0):>12,} data keys {numbers.get(kek_id, 0):>12,} person numbers"
            f"{emails.get(kek_id, 0):>12,} e-mail addresses"
        )
        click.echo(f"{kek_id or '(unreadable)':<16} {state:<9} {of_each}")
    click.echo(f"{older:,} older versions of data keys, see `keys reseal`")
    if missing:
        raise click.ClickException("Put the missing key beside `kek`, as `kek.` and its id.")


@keys.command()
@click.pass_obj
def new(configured: Configured) -> None:
    """Make a key-encryption key, not in force yet: first copy its file to every machine."""
    folder = configured().secret_dir
    kek_id = kek_files.make(folder)
    click.echo(f"{kek_id} is in kek.{kek_id}. Next: `keys rotate {kek_id}`.")


@keys.command()
@click.argument("kek_id", required=False)
@click.pass_obj
def rotate(configured: Configured, kek_id: str | None) -> None:
    """Put KEK_ID in force, and wrap everything with it. Without it: go on with the one in force.

    May be stopped at any point and run again. What it stores, running processes read at once.
    """
    settings = configured()
    if kek_id:
        try:
            kek_files.promote(settings.secret_dir, kek_id)
        except NoSuchKey:
            raise click.ClickException("There is no such key here: `keys new` makes one.") from None
    _turn(settings, "data keys wrapped", rotation.rewrap)
    _turn(settings, "person numbers sealed", rotation.reseal_numbers)
    _turn(settings, "e-mail addresses sealed", rotation.reseal_emails)


def _turn(settings: Settings, what: str, walk: Callable[..., Awaitable[rotation.Turned]]) -> None:
    async def work(pool: Pool) -> rotation.Turned:
        return await walk(pool, _provider(settings), _telling(what))

    done = _run(settings, work)
    click.echo(f"{done.changed:,} {what} anew.")
    if done.damaged:
        raise click.ClickException(f"{done.damaged:,} do not open, and are as they were.")


@keys.command()
@click.argument("kek_id")
@click.pass_obj
def retire(configured: Configured, kek_id: str) -> None:
    """Take a key-encryption key out of use. Refused while anything is wrapped with it."""
    settings = configured()
    *counts, _ = _run(settings, _counted)
    named = sum(count.get(kek_id, 0) for count in counts)
    if named:
        raise click.ClickException(f"It still wraps {named:,}: `keys rotate` first.")
    try:
        kept = kek_files.retire(settings.secret_dir, kek_id)
    except NoSuchKey:
        raise click.ClickException("It is in force, or not here.") from None
    click.echo(f"{kept.name} opens backups of until now. Destroy it with the last of them.")


@keys.command()
@click.option("--older-than", "days", type=click.IntRange(min=0), required=True, metavar="DAYS")
@click.pass_obj
def renew(configured: Configured, days: int) -> None:
    """Make a new version of each data key that is older, for what is donated from now on."""
    settings = configured()

    async def work(pool: Pool) -> int:
        before = datetime.now(UTC) - timedelta(days=days)
        return await renewal.renew(pool, _provider(settings), before, _telling("data keys made"))

    click.echo(f"{_run(settings, work):,} data keys made. In ten minutes: `keys reseal`.")


@keys.command()
@click.pass_obj
def reseal(configured: Configured) -> None:
    """Move what older versions of data keys sealed to the newest, and destroy those versions."""
    settings = configured()

    async def work(pool: Pool) -> renewal.Moved:
        return await renewal.reseal_segments(pool, _provider(settings), _telling("segments"))

    done = _run(settings, work)
    click.echo(f"{done.segments:,} segments sealed anew, {done.forgotten:,} versions destroyed.")
    if done.left:
        raise click.ClickException(f"{done.left:,} were in use or do not open: run it again.")


@click.group("journal")
def erasures() -> None:
    """The journal of erasures, withdrawals and blocks outside the database (MEDVERKA_ERASURE_JOURNAL)."""


@erasures.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(configured: Configured, path: Path) -> None:
    """Bring a copy of the journal up to date, or begin one. The worker does it for its own."""
    settings = configured()
    journal.begin(path)
    written = _run(settings, lambda pool: replay.copy_out(pool, path))
    click.echo(f"{written:,} lines written.")


@erasures.command("replay")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def again(configured: Configured, path: Path) -> None:
    """Carry out again what a restored database lacks. Before traffic is let in."""
    done = _run(configured(), lambda pool: replay.replay(pool, path, _telling("lines read")))
    click.echo(f"{done.lines:,} lines, {done.missing:,} missing, {done.failed:,} failed.")
    if done.failed:
        raise click.ClickException("Run it again; until then `serve` lets nobody in.")


@click.group("outbox")
def knocks() -> None:
    """Knocks that wait, and those that ended."""


@knocks.command("status")
@click.pass_obj
def standing(configured: Configured) -> None:
    """How many knocks wait, and how the others of the last two weeks ended."""
    for one in _read(configured(), dead_letters.standing):
        more = f"  {one.due:,} due, {one.leased:,} held" if one.state == "waiting" else ""
        click.echo(f"{one.state:<10} {one.knocks:>12,}  since {one.oldest:%Y-%m-%d %H:%M}{more}")


@knocks.command()
@click.pass_obj
def dead(configured: Configured) -> None:
    """What was given up, by kind and cause. Exits 1 where anything was."""
    found = _read(configured(), dead_letters.dead)
    for one in found:
        click.echo(
            f"{one.cause:<24} {one.kind:<20} {one.knocks:>10,}  until {one.last:%Y-%m-%d %H:%M}"
        )
    if found:
        raise click.ClickException("Once the cause is mended: `outbox redrive CAUSE`.")


@knocks.command()
@click.argument("cause", required=False)
@click.pass_obj
def redrive(configured: Configured, cause: str | None) -> None:
    """Let what is dead of CAUSE, or all that is dead, wait again. It passes the gate like any other."""

    async def work(pool: Pool) -> int:
        driven = 0
        for bucket in range(BUCKETS):
            more = dead_letters.AT_ONCE
            while more == dead_letters.AT_ONCE:
                async with pool.acquire() as conn, begin(conn, job="redrive"):
                    more = await dead_letters.redrive(conn, bucket, cause, dead_letters.AT_ONCE)
                driven += more
        return driven

    click.echo(f"{_run(configured(), work):,} knocks wait again.")


def _read(settings: Settings, reading: Callable[[Connection], Awaitable[T]]) -> T:
    async def work(pool: Pool) -> T:
        async with pool.acquire() as conn, begin(conn, job="outbox"):
            return await reading(conn)

    return _run(settings, work)


async def _counted(pool: Pool) -> tuple[dict[str, int], dict[str, int], dict[str, int], int]:
    async with pool.acquire() as conn, begin(conn, job="keys"):
        return (
            dict(await rotation.counted(conn)),
            await sealed_numbers.counted(conn),
            await sealed_emails.counted(conn),
            await renewal.waiting(conn),
        )


def _here(settings: Settings) -> list[str]:
    _provider(settings)  # says what is wrong with the folder
    return kek_files.ids(settings.secret_dir)


def _provider(settings: Settings) -> KeyProvider:
    try:
        return data_keys.provider(settings)
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


def _telling(what: str) -> Callable[[int], None]:
    """Says how far it is, now and then."""
    told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            click.echo(f"{done:,} {what} …", err=True)

    return tell


def _run(settings: Settings, work: Callable[[Pool], Awaitable[T]]) -> T:
    """As the worker's role, whose jobs see all residents."""

    async def inside() -> T:
        options: dict[str, Any] = {"command_timeout": None}
        async with await open_pool(settings.dsn("worker"), CONNECTIONS, **options) as pool:
            return await work(pool)

    try:
        return asyncio.run(inside())
    except (KeyUnavailable, JournalUnreadable, Damaged) as error:
        raise click.ClickException(f"{type(error).__doc__} {error}".strip()) from None
    except OSError as error:
        raise click.ClickException(f"{type(error).__name__}: {error.strerror}") from None
