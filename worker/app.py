"""The Celery application: the same few tasks in production (Redis) and in the one-process demo (in memory).

The truth is in the database: a task carries nothing, so losing the broker loses nothing.
"""

from __future__ import annotations

import threading

import structlog
from celery import Celery
from celery.beat import EmbeddedService, Scheduler

from engine.clock import utcnow
from engine.db import Database
from engine.settings import Settings, read_settings
from worker.audit_roots import keep_root
from worker.channels import Channels, channels_from
from worker.compactions import sweep_compactions
from worker.migrations import sweep_migrations
from worker.retention import sweep_purges, sweep_retention
from worker.sweeps import seal_audit, sweep_outbox, sweep_timers

log = structlog.get_logger("parcours.worker")

TIMERS_EVERY_SECONDS = 5.0
OUTBOX_EVERY_SECONDS = 5.0
MIGRATIONS_EVERY_SECONDS = 5.0
PURGES_EVERY_SECONDS = 10.0
RETENTION_EVERY_SECONDS = 3600.0
COMPACTIONS_EVERY_SECONDS = 60.0
SEAL_EVERY_SECONDS = 60.0
ROOT_EVERY_SECONDS = 3600.0
MEMORY_BROKER = "memory://"


def make_celery(settings: Settings, database: Database, channels: Channels) -> Celery:
    """A Celery application whose tasks sweep `database`. Without Redis its broker is the process's memory."""
    app = Celery("parcours", broker=settings.redis_url or MEMORY_BROKER, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        broker_connection_retry_on_startup=True,
        broker_transport_options={} if settings.redis_url else {"polling_interval": 0.2},
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
        beat_schedule={
            "timers": {"task": "parcours.timers", "schedule": TIMERS_EVERY_SECONDS},
            "outbox": {"task": "parcours.outbox", "schedule": OUTBOX_EVERY_SECONDS},
            "migrations": {"task": "parcours.migrations", "schedule": MIGRATIONS_EVERY_SECONDS},
            "purges": {"task": "parcours.purges", "schedule": PURGES_EVERY_SECONDS},
            "retention": {"task": "parcours.retention", "schedule": RETENTION_EVERY_SECONDS},
            "compactions": {"task": "parcours.compactions", "schedule": COMPACTIONS_EVERY_SECONDS},
            "seal": {"task": "parcours.seal", "schedule": SEAL_EVERY_SECONDS},
            "root": {"task": "parcours.root", "schedule": ROOT_EVERY_SECONDS},
        },
    )

    # A sweep that waited in the queue longer than its period is worthless: the next one does the same work.
    @app.task(name="parcours.timers", expires=TIMERS_EVERY_SECONDS * 2, shared=False)
    def timers() -> None:
        sweep_timers(database)

    @app.task(name="parcours.outbox", expires=OUTBOX_EVERY_SECONDS * 2, shared=False)
    def outbox() -> None:
        sweep_outbox(database, channels)

    @app.task(name="parcours.migrations", expires=MIGRATIONS_EVERY_SECONDS * 2, shared=False)
    def migrations() -> None:
        sweep_migrations(database)

    @app.task(name="parcours.purges", expires=PURGES_EVERY_SECONDS * 2, shared=False)
    def purges() -> None:
        sweep_purges(database)

    @app.task(name="parcours.retention", expires=RETENTION_EVERY_SECONDS * 2, shared=False)
    def retention() -> None:
        sweep_retention(database)

    @app.task(name="parcours.compactions", expires=COMPACTIONS_EVERY_SECONDS * 2, shared=False)
    def compactions() -> None:
        sweep_compactions(database)

    @app.task(name="parcours.seal", expires=SEAL_EVERY_SECONDS * 2, shared=False)
    def seal() -> None:
        seal_audit(database)

    @app.task(name="parcours.root", expires=ROOT_EVERY_SECONDS * 2, shared=False)
    def root() -> None:
        keep_root(database, settings.data_dir, today=utcnow().date())

    return app


def start_embedded(app: Celery) -> None:
    """Run worker and beat as threads of this process (the demo's one process); they end with it."""

    def work() -> None:
        app.set_current()  # Celery finds the task's application through the thread it runs in
        app.WorkController(
            pool="solo", without_gossip=True, without_mingle=True, without_heartbeat=True, loglevel="ERROR", quiet=True
        ).start()

    threading.Thread(target=work, daemon=True, name="parcours-worker").start()
    beat = EmbeddedService(app, thread=True, max_interval=1, scheduler_cls=Scheduler)
    beat.daemon = True
    beat.start()


def production_app() -> Celery:
    """What `celery -A worker.app:production_app` would build: settings from the environment."""
    settings = read_settings()
    return make_celery(settings, Database.of(settings), channels_from(settings))
