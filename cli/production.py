"""The production processes other than the web: `parcours worker` and `parcours beat`."""

from __future__ import annotations

import sys

import click

from cli.doctor import settings_that_may_start
from worker.app import production_app


def run_worker(concurrency: int) -> None:
    """Run a Celery worker until it is told to stop."""
    _needs_redis()
    production_app().worker_main(["worker", "--loglevel=INFO", f"--concurrency={concurrency}", "--without-gossip"])


def run_beat() -> None:
    """Run the clock that wakes the workers. Two of them are harmless: due rows are claimed."""
    _needs_redis()
    production_app().start(["beat", "--loglevel=INFO", "--schedule=/dev/null", "--scheduler=celery.beat:Scheduler"])


def _needs_redis() -> None:
    if settings_that_may_start().redis_url is None:
        click.echo("PARCOURS_REDIS_URL manque : ce processus attend ses réveils de Redis.", err=True)
        sys.exit(2)
