"""What `medverka worker` does at the same time: rounds of what is due, compaction, and knocks."""

import asyncio
import gc
import signal
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server

from api import development, push
from api.restored import connecting
from api.settings import Settings
from domain import damage
from domain.consents import gate
from domain.db import BROKEN, Pool, open_pool
from domain.donations import compaction, sealed_emails
from domain.donations.keys import KeyProvider
from domain.errors import Unavailable
from domain.residents import emails
from domain.rights import replay
from domain.rights.sweeps import sweep
from notifications import figures, worker
from notifications.deciding import Gate, Ways
from notifications.post import Post

if TYPE_CHECKING:
    from notifications.email import Mailer

SWEEP_SECONDS = 5.0
SWEEPING_CONNECTIONS = 4
GATE = Gate(gate.lock_many, gate.contactable)

log = structlog.get_logger()


async def work(settings: Settings, keys: KeyProvider, *, once: bool) -> None:
    """Until SIGTERM or SIGINT, or for one round. What has begun is finished.

    Raises BadSettings where the push service's credentials or the mail server cannot be used.
    """
    stopping = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopping.set)
    _show_figures(settings)
    pusher, mailer = push.pusher(settings), push.mailer(settings)
    ways = Ways(pusher, _post(settings, keys, mailer) if mailer else None)
    # What is there now stays: no collection need go through it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    options = connecting(settings)
    pool = await open_pool(settings.dsn("worker"), SWEEPING_CONNECTIONS, **options)
    own = await open_pool(settings.dsn("worker"), worker.CONNECTIONS, **options)
    compacting = asyncio.create_task(
        compaction.walk_on(pool, keys) if once else compaction.go_on(pool, keys)
    )
    knocking = asyncio.create_task(_knock(own, ways, stopping, once=once))
    try:
        await _sweep(settings, pool, stopping, compacting, once=once)
        await knocking
    finally:
        for task in (compacting, knocking):
            task.cancel()
        await asyncio.wait([compacting, knocking])
        if pusher:
            await pusher.close()
        if mailer:
            await mailer.close()
        await own.close()
        await pool.close()


async def _sweep(
    settings: Settings,
    pool: Pool,
    stopping: asyncio.Event,
    compacting: Awaitable[None],
    *,
    once: bool,
) -> None:
    while not stopping.is_set():
        try:
            done = await sweep(pool)
            if settings.erasure_journal:
                path = Path(settings.erasure_journal)
                done["erasures_journalled"] = await replay.copy_out(pool, path)
            log.info("swept", **done)
            if once:
                await compacting
        except (*BROKEN, Unavailable) as error:
            log.warning("sweep_failed", error=type(error).__name__)
        if once:
            break
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SWEEP_SECONDS)


async def _knock(pool: Pool, ways: Ways, stopping: asyncio.Event, *, once: bool) -> None:
    """Without push and mail all that is told waits in the inbox; what is too late is ended all the same."""
    lane = worker.Worker(pool, GATE, *ways) if ways.pusher or ways.post else None
    if once:
        await worker.tidied(pool)
        if lane:
            if ways.post:
                await ways.post.poster.ready()
            await lane.once()
    elif lane:
        await lane.run(stopping)
    else:
        tidying = asyncio.create_task(worker.tidy(pool))
        await stopping.wait()
        tidying.cancel()


def _post(settings: Settings, keys: KeyProvider, mailer: "Mailer") -> Post:
    opening = partial(emails.readable, partial(sealed_emails.opened, keys))
    return Post(mailer, opening, partial(emails.code_of, development.subject_secret(settings)))


def _show_figures(settings: Settings) -> None:
    if settings.worker_metrics_port:
        figures.REGISTRY.register(damage.NOTICED)
        start_http_server(settings.worker_metrics_port, settings.host, figures.REGISTRY)
