"""`parcours up`: database, demo, web server, worker and clock in one process."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from waitress.server import create_server

from cli.database import use_data_directory
from cli.doctor import settings_that_may_start
from cli.keys import seal_all
from engine import migrations
from engine.db import Database
from engine.errors import InvalidRequest
from web.app import create_app
from worker.app import make_celery, start_embedded
from worker.channels import Channels, channels_from
from worker.sweeps import advance

THREADS = 12


def serve(*, host: str, port: int, data: Path, demo: bool) -> None:
    """Start everything and serve until interrupted."""
    listening = _listen(host, port)
    use_data_directory(data)
    settings = settings_that_may_start()
    database = Database.of(settings)
    before = migrations.current(database)
    migrations.upgrade(database)
    if before not in (None, migrations.newest()):
        seal_all(database)  # nobody else is at work yet
    channels = channels_from(settings)
    if demo:
        _load_demo(database)
    app = create_app(settings, database)
    app.extensions["parcours_advance"] = _advancer(database, channels)
    start_embedded(make_celery(settings, database, channels))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for a dozen files at once: not a fault
    server = create_server(app, sockets=[listening], threads=THREADS, ident="parcours")
    address = f"http://{_shown(host)}:{listening.getsockname()[1]}/"
    click.echo(f"Parcours est ouvert : {address}  (Ctrl+C pour arrêter)")
    try:
        server.run()  # returns on Ctrl+C
        click.echo("Au revoir.")
    finally:
        server.close()
        database.close()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is loaded. Raises InvalidRequest when it is not free."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as problem:
        listening.close()
        raise InvalidRequest(
            f"L'adresse {host}:{port} ne peut pas être ouverte ({problem.strerror}). "
            "Un autre Parcours y est peut-être déjà : choisissez-en une autre avec --port."
        ) from problem
    return listening


def _load_demo(database: Database) -> None:
    from cli.demo import load

    if load.is_needed(database):
        click.echo("Chargement du territoire de démonstration (personnes fictives)…")
        load.load_demo(database)


def _advancer(database: Database, channels: Channels) -> Callable[..., int]:
    def advance_demo(*, territory_id: UUID, seconds: int, now: datetime) -> int:
        return advance(database, channels, territory_id=territory_id, seconds=seconds, now=now)

    return advance_demo


def _shown(host: str) -> str:
    return socket.gethostname() if host in ("0.0.0.0", "::") else host
