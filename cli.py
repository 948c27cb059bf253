"""The `medverka` command: run it as `.venv/bin/python cli.py`, or through the Makefile."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import click
import msgspec

from api.settings import ROLES, BadSettings, Settings, variable
from domain.caller import PlatformRole
from migrations import databases, embedded, runner, schema
from migrations.embedded import Cluster

ROOT = Path(__file__).parent
OWN_SERVER = ROOT / ".postgres" / "main"
DATABASE = "medverka"
UPKEEP = ("journal", "keys", "outbox", "survey")

T = TypeVar("T")


class Commands(click.Group):
    """With those of `upkeep` and `surveys`, which are loaded only for them: they know the whole domain."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *UPKEEP])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in UPKEEP:
            return super().get_command(ctx, cmd_name)
        if cmd_name == "survey":
            import surveys  # noqa: PLC0415

            return surveys.survey
        import upkeep  # noqa: PLC0415

        return {"journal": upkeep.erasures, "keys": upkeep.keys, "outbox": upkeep.knocks}[cmd_name]


@click.group(cls=Commands)
@click.pass_context
def medverka(context: click.Context) -> None:
    """Medverka: residents taking part in research and care development."""
    context.obj = configured


def configured(*, start: bool = True) -> Settings:
    """The environment's settings; without DATABASE_URL, those of the server in this checkout."""
    try:
        settings = Settings.from_environ(os.environ)
    except BadSettings as error:
        raise click.ClickException(f"{error} `medverka doctor` tells more.") from None
    if settings.database_url or not start:
        return settings
    if not settings.development:
        raise click.ClickException("DATABASE_URL must be set in production mode.")
    return on_cluster(settings, embedded.ensure_running(OWN_SERVER))


def on_cluster(settings: Settings, cluster: Cluster, name: str = DATABASE) -> Settings:
    """The settings with a cluster's address and passwords."""
    passwords = {f"{role}_password": cluster.role_passwords[role] for role in ROLES}
    return msgspec.structs.replace(
        settings, database_url=cluster.nearby("admin", name), **passwords
    )


def environment(settings: Settings) -> dict[str, str]:
    """What a child process needs to have the same database."""
    names = ["database_url", *(f"{role}_password" for role in ROLES)]
    return {variable(name): getattr(settings, name) for name in names}


@medverka.command()
@click.option("--port", type=int, help="Overrides PORT.")
@click.option("--workers", type=int, help="Overrides WORKERS: processes that serve.")
def serve(port: int | None, workers: int | None) -> None:
    """Serve the API. In development mode the database is brought up to date first."""
    from granian.constants import Interfaces, Loops  # noqa: PLC0415 - only where it serves
    from granian.server import Server  # noqa: PLC0415

    settings = configured()
    if settings.development:
        run(bring_up(settings))
    os.environ.update(environment(settings))
    embedded.run_in_batches()
    server = Server(
        "api.app:app_from_environ",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
        workers_kill_timeout=15,
        log_access=False,
    )
    server.serve()


@medverka.command()
@click.option("--once", is_flag=True, help="One round, then stop.")
def worker(*, once: bool) -> None:
    """Do what is due: finish withdrawals and erasures, tell and knock, compact donations, clean up."""
    import uvloop  # noqa: PLC0415 - keeps other commands light

    from api import data_keys  # noqa: PLC0415
    from api.observability import configure_logging  # noqa: PLC0415
    from working import work  # noqa: PLC0415

    settings = configured()
    configure_logging(settings)
    if settings.development:
        run(bring_up(settings))
    embedded.run_in_batches()
    try:
        keys = data_keys.provider(settings)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work(settings, keys, once=once))
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


@medverka.command()
def migrate() -> None:
    """Make roles and database where they are missing, and bring the schema up to date."""
    applied = run(bring_up(configured()))
    click.echo(f"{len(applied)} migrations applied." if applied else "Up to date.")


async def bring_up(settings: Settings) -> list[str]:
    """Roles and database, where the address names an administrator; then the migrations."""
    address = urlsplit(settings.database_url)
    if address.username and address.password and not address.username.startswith("medverka_"):
        server = address._replace(path="/postgres").geturl()
        passwords: dict[str, str] = {r: getattr(settings, f"{r}_password") for r in ROLES}
        await databases.bootstrap_roles(server, passwords)
        await databases.create_database(server, address.path.lstrip("/"))
    return [str(one) for one in await runner.migrate(settings.dsn("migrator")) or []]


@medverka.command()
@click.option("--as", "subject", required=True, help="Any name; the same name is the same person.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=VALUE", help="More claims.")
def token(subject: str, claims: tuple[str, ...]) -> None:
    """An access token of the development issuer. Impossible outside development mode."""
    from api import development  # noqa: PLC0415

    given = dict(claim.split("=", 1) for claim in claims if "=" in claim)
    try:
        click.echo(development.token(configured(start=False), subject, **given))
    except BadSettings as error:
        raise click.ClickException(str(error)) from None


@medverka.group()
def member() -> None:
    """The region's own people: stewards, data protection officers, operators."""


@member.command("add")
@click.option("--issuer", help="Who issues their tokens; the configured one by default.")
@click.option("--subject", required=True, help="The `sub` of their tokens.")
@click.option("--label", required=True, help="A name to show.")
@click.option(
    "--role", required=True, type=click.Choice(["steward", "data-protection-officer", "operator"])
)
def member_add(issuer: str | None, subject: str, label: str, role: PlatformRole) -> None:
    """Give a platform role to a login. For the first steward, and in development."""
    settings = configured()
    run(add_member(settings, issuer or settings.issuer, subject, label, role))
    click.echo(f"{label} is {role}.")


async def add_member(
    settings: Settings, issuer: str, subject: str, label: str, role: PlatformRole
) -> None:
    """Insert the member and the role, where they are missing."""
    from api import auth, development  # noqa: PLC0415
    from domain.db import begin  # noqa: PLC0415
    from domain.studies import members  # noqa: PLC0415

    secret = development.subject_secret(settings)
    conn = await asyncpg.connect(settings.dsn("api"))
    try:
        async with begin(conn):
            await members.appoint(
                conn, issuer, auth.subject_hmac(secret, issuer, subject), label, role
            )
    finally:
        await conn.close()


@medverka.command()
def openapi() -> None:
    """Print the API description, OpenAPI 3.1 in YAML."""
    from api.app import create_app  # noqa: PLC0415
    from api.openapi import render  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        plain = Settings(
            mode="development",
            secret_dir=Path(folder),
            database_url="postgresql://localhost/medverka",
        )
        click.echo(render(create_app(plain)), nl=False)


@medverka.command("schema")
def print_schema() -> None:
    """Print the schema that the migrations make."""
    cluster = embedded.ensure_running(OWN_SERVER)
    click.echo(run(_schema(cluster)), nl=False)


async def _schema(cluster: Cluster) -> str:
    await databases.bootstrap_roles(cluster.dsn("admin"), cluster.role_passwords)
    return await schema.schema_of_migrations(cluster.dsn("admin"), cluster.dsn("migrator"))


@medverka.command()
def doctor() -> None:
    """Look over configuration, database, roles and keys, and say what to do."""
    from api.doctor import examine  # noqa: PLC0415

    findings = run(examine(os.environ, configured))
    for finding in findings:
        click.echo(f"{'ok   ' if finding.well else 'FIX  '} {finding.what}")
        if not finding.well:
            click.echo(f"      {finding.remedy}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@medverka.command()
def demo() -> None:
    """Play the main story on an own PostgreSQL over the real HTTP API, and show each step."""
    from demo.story import play  # noqa: PLC0415

    sys.exit(play())


@medverka.command()
def stop() -> None:
    """Stop the PostgreSQL of this checkout."""
    embedded.stop(OWN_SERVER)


def run(doing: Coroutine[Any, Any, T]) -> T:
    """Run to its end in a loop of its own."""
    return asyncio.run(doing)


if __name__ == "__main__":
    medverka()
