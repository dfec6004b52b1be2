"""`parcours up`: database, demo, web server, worker and clock in one process."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from waitress.server import create_server

from cli.database import use_data_directory
from engine import migrations
from engine.db import Database
from engine.settings import read_settings
from web.app import create_app
from worker.app import make_celery, start_embedded
from worker.channels import Channels, channels_from
from worker.sweeps import advance

THREADS = 12


def serve(*, host: str, port: int, data: Path, demo: bool) -> None:
    """Start everything and serve until interrupted."""
    use_data_directory(data)
    settings = read_settings()
    database = Database(settings.database_url)
    migrations.upgrade(database)
    channels = channels_from(settings)
    if demo:
        _load_demo(database)
    app = create_app(settings, database)
    app.extensions["parcours_advance"] = _advancer(database, channels)
    start_embedded(make_celery(settings, database, channels))
    server = create_server(app, host=host, port=port, threads=THREADS, ident="parcours")
    click.echo(f"Parcours est ouvert : http://{_shown(host)}:{server.effective_port}/  (Ctrl+C pour arrêter)")
    try:
        server.run()
    except KeyboardInterrupt:
        click.echo("Au revoir.")
    finally:
        server.close()
        database.close()


def _load_demo(database: Database) -> None:
    from cli.demo import load

    if load.is_needed(database):
        click.echo("Chargement du territoire de démonstration (personnes fictives)…")
        load.load_demo(database)


def _advancer(database: Database, channels: Channels):  # type: ignore[no-untyped-def]
    def advance_demo(*, territory_id: UUID, seconds: int, now: datetime) -> int:
        return advance(database, channels, territory_id=territory_id, seconds=seconds, now=now)

    return advance_demo


def _shown(host: str) -> str:
    return socket.gethostname() if host in ("0.0.0.0", "::") else host
