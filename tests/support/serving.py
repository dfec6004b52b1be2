"""An application served to a browser for the length of a test, and stopped at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

PATIENCE = 5.0


@contextlib.contextmanager
def served(app: Flask, *, port: int, threads: int = 4) -> Iterator[None]:
    """Serve `app` on this port of 127.0.0.1. A browser's open connections do not keep the server: they are closed."""
    server = create_server(app, host="127.0.0.1", port=port, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
        thread.join(PATIENCE)
        server.task_dispatcher.shutdown()
